import { drawingText } from './drawing-text.ts';
import type { Block } from './extractor.ts';
import { childAt, childrenOf, descendantsOf, textIn, type XmlElement } from './office-xml.ts';

/** A chart with more points than this shows a curve; its first ones stand for it. */
const MAX_POINTS = 1000;
const MAX_SERIES = 100;

/** A chart as it reads: its title and those of its axes, then a table of its categories and the values of its series. */
export function chartBlocks(root: XmlElement | undefined): Block[] {
  const chart = childAt(root, 'chart');
  const plot = childAt(chart, 'plotArea');
  const axes = childrenOf(plot).filter(({ name }) => name.endsWith('Ax') || name === 'axis');
  const titles = [titleOf(chart), ...axes.map(titleOf)].filter((title) => title !== '');
  const series = [...findSeries(plot), ...findNewSeries(root)].slice(0, MAX_SERIES);
  const table = seriesTable(series);
  const blocks: Block[] = titles.map((text) => ({ type: 'paragraph', text }));
  return table === '' ? blocks : [...blocks, { type: 'table', text: table }];
}

type Series = { name: string; categories: Map<number, string>; values: Map<number, string> };

function findSeries(plot: XmlElement | undefined): Series[] {
  return descendantsOf(plot, 'ser').map((element) => ({
    name: points(childAt(element, 'tx')).get(0) ?? textIn(childAt(element, 'tx', 'v')).trim(),
    categories: points(childAt(element, 'cat') ?? childAt(element, 'xVal')),
    values: points(childAt(element, 'val') ?? childAt(element, 'yVal')),
  }));
}

/** Charts of the kinds that came with Office 2016 (waterfall, treemap …) keep names and data apart. */
function findNewSeries(root: XmlElement | undefined): Series[] {
  const data = new Map(
    childrenOf(childAt(root, 'chartData'), 'data').map((element) => [element.attributes['id'], element]),
  );
  return descendantsOf(childAt(root, 'chart'), 'series').map((element) => {
    const source = data.get(childAt(element, 'dataId')?.attributes['val']);
    return {
      name: textIn(childAt(element, 'tx', 'txData', 'v')).trim(),
      categories: points(childAt(source, 'strDim')),
      values: points(childAt(source, 'numDim')),
    };
  });
}

function titleOf(element: XmlElement | undefined): string {
  const title = childAt(element, 'title');
  return (drawingText(title).trim() || (points(title).get(0) ?? '')).replace(/\s+/g, ' ');
}

/** Text or numbers by their place, from whatever holds them; of categories on several levels those of the lowest. */
function points(element: XmlElement | undefined): Map<number, string> {
  const level = descendantsOf(element, 'lvl')[0] ?? element;
  const found = new Map<number, string>();
  for (const point of descendantsOf(level, 'pt').slice(0, MAX_POINTS)) {
    const text = textIn(childAt(point, 'v') ?? point).trim();
    const index = Number.parseInt(point.attributes['idx'] ?? '', 10);
    if (text !== '' && index >= 0 && index < MAX_POINTS) found.set(index, tidyNumber(text));
  }
  return found;
}

function tidyNumber(text: string): string {
  const value = Number(text);
  const isLong = /^-?\d*\.\d{12,}(e[+-]?\d+)?$/i.test(text);
  return isLong ? String(Number(value.toPrecision(12))) : text.replace(/\s+/g, ' ');
}

function seriesTable(series: Series[]): string {
  const categories = series.find((one) => one.categories.size > 0)?.categories ?? new Map<number, string>();
  const places = [categories, ...series.map(({ values }) => values)].flatMap((found) => [...found.keys()]);
  const length = places.reduce((longest, place) => Math.max(longest, place + 1), 0);
  const lines = [['', ...series.map(({ name }) => name)].join('\t')];
  for (let i = 0; i < length; i++) {
    lines.push([categories.get(i) ?? '', ...series.map(({ values }) => values.get(i) ?? '')].join('\t'));
  }
  return lines
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}
