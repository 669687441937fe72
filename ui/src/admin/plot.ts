// Draws a small line with uPlot. A chunk of its own: fetched when somebody looks at a chart.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { largest, type Sample } from './history.ts';

export interface Plot {
  draw(history: readonly Sample[]): void;
  destroy(): void;
}

const HEIGHT = 56;

export function plot(node: HTMLElement, top: number | null): Plot {
  const colour = (name: string): string => getComputedStyle(node).getPropertyValue(name).trim();
  let ceiling = top ?? 1;
  const chart = new uPlot(
    {
      width: node.clientWidth || 240, height: HEIGHT, padding: [4, 0, 2, 0],
      cursor: { show: false }, legend: { show: false }, axes: [{ show: false }, { show: false }],
      scales: { x: { time: true }, y: { range: () => [0, ceiling] } },
      series: [{}, { stroke: colour('--accent'), fill: colour('--accent-wash'), width: 1.5, points: { show: false }, spanGaps: false }],
    },
    [[], []],
    node,
  );
  const watch = new ResizeObserver(() => {
    if (node.clientWidth > 0 && node.clientWidth !== chart.width) chart.setSize({ width: node.clientWidth, height: HEIGHT });
  });
  watch.observe(node);
  return {
    draw: (history) => {
      ceiling = Math.max(top ?? 0, largest(history) * 1.1, 1);
      chart.setData([history.map((sample) => sample.at), history.map((sample) => sample.value)]);
    },
    destroy: () => {
      watch.disconnect();
      chart.destroy();
    },
  };
}
