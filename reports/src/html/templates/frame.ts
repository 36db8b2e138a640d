/** What every page has around its body: policy, style, script. */
export const frame = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{title}} · Lowbit</title>
<link rel="icon" href="data:,">
<style>
{{{style}}}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
{{> @partial-block}}
<script type="module">
{{{script}}}</script>
</body>
</html>
`;
