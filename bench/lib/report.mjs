export const lineOf = figures =>
  Object.entries(figures)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${rounded(value)}`)
    .join('  ');

/** Three digits that matter, no more decimals than that. */
export const rounded = value =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));

export async function writeReport() {}
