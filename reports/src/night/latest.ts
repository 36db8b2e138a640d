import { compileTemplate } from '../html/render-template.js';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="0; url={{href}}">
<title>The last night</title>
</head>
<body><main><h1>The last night</h1><p><a href="{{href}}">Its page</a></p></main></body>
</html>
`;

/** A page of a fixed name that leads to the last night's. */
export function renderLatest(href: string): string {
  return compileTemplate<{ href: string }>(page, {})({ href });
}
