const WIDTH = 300;
const HEIGHT = 150;
const PAD = { left: 44, right: 20, top: 40, bottom: 26 };
const COLUMNS = 3;

const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');
const text = (x, y, content, attributes = '') => `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;

/** At the colon, since a title is longer than its panel is wide. */
function headingOf(title) {
  const [what, step] = title.split(': ');
  return text(0, 12, what, 'font-weight="bold" font-size="11"') + text(0, 26, step, 'font-size="11"');
}

/** One curve over the logarithm of the size; the y axis begins at 0, so that what is flat looks flat. */
function panel({ title, points }) {
  const most = 1.25 * Math.max(...points.map(({ micros }) => micros));
  const [first, last] = [points[0].size, points.at(-1).size].map(Math.log10);
  const [w, h] = [WIDTH - PAD.left - PAD.right, HEIGHT - PAD.top - PAD.bottom];
  const x = size => PAD.left + ((Math.log10(size) - first) / (last - first)) * w;
  const y = micros => PAD.top + h - (micros / most) * h;
  const line = points.map(({ size, micros }) => `${x(size).toFixed(1)},${y(micros).toFixed(1)}`).join(' ');
  const marks = points.map(({ size, micros }) =>
    [
      `<circle cx="${x(size).toFixed(1)}" cy="${y(micros).toFixed(1)}" r="3" fill="#e0234e"/>`,
      text(x(size).toFixed(1), (y(micros) - 7).toFixed(1), `${micros.toFixed(1)} µs`, 'text-anchor="middle"'),
      text(x(size).toFixed(1), HEIGHT - 8, size.toLocaleString('en-US'), 'text-anchor="middle"'),
    ].join(''),
  );
  const base = `<line x1="${PAD.left}" x2="${WIDTH - PAD.right}" y1="${PAD.top + h}" y2="${PAD.top + h}" stroke="#999"/>`;
  return `${headingOf(title)}${base}<polyline points="${line}" fill="none" stroke="#e0234e" stroke-width="2"/>${marks.join('')}`;
}

/** A panel for each curve, as an SVG. */
export function plotCurves(curves) {
  const rows = Math.ceil(curves.length / COLUMNS);
  const panels = curves.map((curve, index) => {
    const [x, y] = [16 + (index % COLUMNS) * (WIDTH + 60), 16 + Math.floor(index / COLUMNS) * (HEIGHT + 20)];
    return `<g transform="translate(${x} ${y})">${panel(curve)}</g>`;
  });
  const [w, h] = [COLUMNS * (WIDTH + 60), rows * (HEIGHT + 20) + 16];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" font-family="sans-serif" font-size="10"><rect width="100%" height="100%" fill="#fff"/>${panels.join('\n')}</svg>\n`;
}
