/** An ISO instant as `2025-11-22 05:18 UTC`, whatever the machine's time zone; other text comes back as it is. */
export function formatInstant(text: string): string {
  const instant = new Date(text);
  if (Number.isNaN(instant.getTime())) return text;
  return `${instant.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
