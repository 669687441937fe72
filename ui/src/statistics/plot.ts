// uPlot with the colours of this site: one figure a day, as bars. It writes no style into markup, so the CSP is content.
import 'uplot/dist/uPlot.min.css';
import uPlot from 'uplot';
import { axisDays, dayText } from './figures.ts';

export interface Plotted {
  /** YYYY-MM-DD, one after the other. */
  dates: readonly string[];
  values: readonly number[];
  language: string;
  number: (value: number) => string;
  /** Hears which day is under the pointer; null when none is. */
  onday: (at: number | null) => void;
}

const HEIGHT = 260;
const LABEL_PX = 74;

function colours(host: HTMLElement): Record<'accent' | 'line' | 'muted', string> {
  const style = getComputedStyle(host);
  const of = (name: string): string => style.getPropertyValue(name).trim();
  return { accent: of('--accent'), line: of('--line'), muted: of('--muted') };
}

export function plot(host: HTMLElement, { dates, values, language, number, onday }: Plotted): () => void {
  const { accent, line, muted } = colours(host);
  const font = `12px ${getComputedStyle(host).fontFamily}`;
  const chart = new uPlot({
    width: host.clientWidth || 320,
    height: HEIGHT,
    padding: [12, 26, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: [-0.6, dates.length - 0.4] }, y: { range: (_, __, most) => [0, Math.max(most * 1.08, 4)] } },
    axes: [
      {
        stroke: muted, font, size: 34, grid: { show: false }, ticks: { show: false },
        splits: (self) => axisDays(dates.length, Math.floor(self.width / LABEL_PX)),
        values: (_, splits) => splits.map((at) => (dates[at] ? dayText(dates[at], language) : '')),
      },
      {
        stroke: muted, font, size: 52, grid: { stroke: line, width: 1 }, ticks: { show: false },
        values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? number(value) : '')),
      },
    ],
    series: [{}, { stroke: accent, fill: accent, width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.72, 34, 1], radius: 0.18 }) }],
    hooks: { setCursor: [(self) => onday(self.cursor.idx ?? null)] },
  }, [dates.map((_, at) => at), [...values]], host);
  const watch = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: HEIGHT }));
  watch.observe(host);
  return () => {
    watch.disconnect();
    chart.destroy();
  };
}
