// Outcomes as lines of a Markdown table.
import type { SideOutcome, TrialOutcome } from './run-trial.ts';
import type { Figure, Trial } from './trial.ts';

/** From this part of a processor on the generator is said to have been the limit. */
const GENERATOR_LIMIT = 0.9;

export const TABLE_HEAD: readonly string[] = [
  '| trial | side | figures | first side against it | broker, generator, others busy | remarks |',
  '| --- | --- | --- | --- | --- | --- |',
];

/** A line for each side, or one that says why the trial was left out. */
export function toRows(trial: Trial, { sides, skipped }: TrialOutcome): string[] {
  const [first] = sides;
  const title = `\`${trial.name}\`: ${trial.what}`;
  const rows = sides.map((side) => [
    side === first ? title : '',
    side.side,
    trial.figures.map((figure) => formatFigure(figure, side)).join('; '),
    first && side !== first ? trial.figures.map((figure) => ratio(figure, first, side)).join('; ') : '',
    [side.brokerBusy, side.generatorBusy, side.othersBusy].map(formatPart).join(', '),
    remarks(side).join('; '),
  ]);
  if (!first) rows.push([title, 'skipped', '', '', '', skipped.join('; ')]);
  return rows.map((cells) => `| ${cells.join(' | ')} |`);
}

// The figure tells of the generator then, and only little of the broker.
function isGeneratorBound(side: SideOutcome): boolean {
  return side.generatorBusy >= GENERATOR_LIMIT;
}

/** Sides that were left out while ours was not, each reason once. */
export function toFootnotes(outcomes: readonly TrialOutcome[]): string[] {
  const reasons = outcomes.filter(({ sides }) => sides.length > 0).flatMap(({ skipped }) => skipped);
  return [...new Set(reasons)].map((reason) => `Left out: ${reason}.`);
}

function remarks(side: SideOutcome): string[] {
  return [
    ...(isGeneratorBound(side) ? ['generator was the limit'] : []),
    ...side.faults.map((fault) => `FAULT: ${fault}`),
  ];
}

function formatFigure({ key, unit }: Figure, { figures }: SideOutcome): string {
  return `${formatNumber(figures[key] ?? Number.NaN)} ${unit}`;
}

function ratio({ key }: Figure, first: SideOutcome, other: SideOutcome): string {
  const quotient = (first.figures[key] ?? Number.NaN) / (other.figures[key] ?? Number.NaN);
  return Number.isFinite(quotient) ? `${formatNumber(quotient)} ×` : '-';
}

function formatPart(part: number): string {
  return Number.isNaN(part) ? '?' : `${Math.round(part * 100)} %`;
}

function formatNumber(value: number): string {
  if (Number.isNaN(value)) return '?';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(value < 1 ? 2 : 3);
}
