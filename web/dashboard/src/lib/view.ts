/** What the API answers: a table of typed cells. The shape is src/domain/view.h's ToJson(). */
export type Truth = 'none' | 'claimed' | 'observed' | 'incremental' | 'plan';
export type CellKind =
  | 'text' | 'count' | 'real' | 'ratio' | 'money' | 'estimate' | 'day' | 'instant' | 'flag';

export interface Money {
  /** Exact decimal; never turned into a number where the amount is shown or sent. */
  amount: string;
  currency: string;
}
export interface Estimate {
  value: number;
  low: number;
  high: number;
  level: number;
}
/** null: absent, which is "not known" and never zero. */
export type Cell = null | string | number | boolean | Money | Estimate;

export interface Column {
  name: string;
  title: string;
  kind: CellKind;
  truth: Truth;
  unit: string;
  help: string;
  better: number;
  group: string;
}
export interface Row {
  key: string;
  cells: Cell[];
  known: number | null;
  link: string;
  parent: string;
  tone: '' | 'good' | 'watch' | 'bad' | string;
}
export interface Freshness {
  account: string;
  name: string;
  learnt_at: string | null;
  complete_to: string | null;
  state: 'fresh' | 'late' | 'failed' | 'never' | string;
  why: string;
}
export interface View {
  view: string;
  title: string;
  client: string;
  as_of: string;
  from: string | null;
  to: string | null;
  columns: Column[];
  rows: Row[];
  totals: Cell[] | null;
  freshness: Freshness[];
  notes: string[];
  next: string;
}

export const isMoney = (cell: Cell): cell is Money =>
  typeof cell === 'object' && cell !== null && 'amount' in cell;
export const isEstimate = (cell: Cell): cell is Estimate =>
  typeof cell === 'object' && cell !== null && 'low' in cell;

export function columnIndex(view: View, name: string): number {
  return view.columns.findIndex((column) => column.name === name);
}

/** Cell of a row by column name; null where the view has no such column. */
export function cellOf(view: View, row: Row, name: string): Cell {
  const at = columnIndex(view, name);
  return at < 0 ? null : (row.cells[at] ?? null);
}
export function textOf(view: View, row: Row, name: string): string {
  const cell = cellOf(view, row, name);
  return typeof cell === 'string' ? cell : '';
}

/** For drawing and for widths only: amounts that are shown or sent stay decimal strings. */
export function toNumber(cell: Cell): number | null {
  if (cell === null || cell === undefined) return null;
  if (typeof cell === 'number') return cell;
  if (typeof cell === 'boolean') return cell ? 1 : 0;
  if (typeof cell === 'string') return null;
  return isMoney(cell) ? Number(cell.amount) : cell.value;
}

/** Exact order of two decimal strings: -1, 0 or 1. */
export function compareDecimals(a: string, b: string): number {
  const take = (text: string) => {
    const found = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(text.trim());
    if (!found) return null;
    const whole = found[2] ?? '';
    const part = found[3] ?? '';
    return { negative: found[1] === '-' && whole + part !== '', whole, part };
  };
  const x = take(a);
  const y = take(b);
  if (!x || !y) return x ? 1 : y ? -1 : 0;
  if (x.negative !== y.negative) return x.negative ? -1 : 1;
  const sign = x.negative ? -1 : 1;
  if (x.whole.length !== y.whole.length) return x.whole.length < y.whole.length ? -sign : sign;
  if (x.whole !== y.whole) return x.whole < y.whole ? -sign : sign;
  if (x.part === y.part) return 0;
  return x.part < y.part ? -sign : sign;
}

/** Order of two present cells of one column. Currencies do not mix: by name, then by amount. */
export function compareCells(a: Cell, b: Cell, words: Intl.Collator): number {
  if (isMoney(a) && isMoney(b)) {
    return a.currency === b.currency
      ? compareDecimals(a.amount, b.amount)
      : a.currency < b.currency ? -1 : 1;
  }
  if (typeof a === 'string' && typeof b === 'string') return words.compare(a, b);
  return (toNumber(a) ?? 0) - (toNumber(b) ?? 0);
}

export interface TreeRow {
  row: Row;
  level: number;
  branch: boolean;
  open: boolean;
  /** Place among its siblings, from 1, and how many there are. */
  place: number;
  siblings: number;
}

/**
 * Rows in the order they are shown: sorted within each parent with absent cells last, closed
 * branches folded away. A row whose parent is not there is a root.
 */
export function arrange(
  view: View,
  sort: { column: number; descending: boolean } | null,
  closed: (key: string) => boolean,
  words: Intl.Collator,
): TreeRow[] {
  const keys = new Set(view.rows.map((row) => row.key));
  const children = new Map<string, Row[]>();
  for (const row of view.rows) {
    const parent = row.parent !== '' && row.parent !== row.key && keys.has(row.parent) ? row.parent : '';
    const list = children.get(parent);
    if (list) list.push(row);
    else children.set(parent, [row]);
  }
  const order = (rows: Row[]) => {
    if (!sort) return rows;
    const { column, descending } = sort;
    return rows
      .map((row, index) => ({ row, index }))
      .sort((x, y) => {
        const a = x.row.cells[column] ?? null;
        const b = y.row.cells[column] ?? null;
        if (a === null || b === null) {
          return a === b ? x.index - y.index : a === null ? 1 : -1;
        }
        const by = compareCells(a, b, words);
        return (descending ? -by : by) || x.index - y.index;
      })
      .map(({ row }) => row);
  };
  const out: TreeRow[] = [];
  const seen = new Set<string>();
  const walk = (parent: string, level: number) => {
    const rows = order(children.get(parent) ?? []);
    rows.forEach((row, index) => {
      if (seen.has(row.key)) return;
      seen.add(row.key);
      const branch = children.has(row.key);
      const open = branch && !closed(row.key);
      out.push({ row, level, branch, open, place: index + 1, siblings: rows.length });
      if (open) walk(row.key, level + 1);
    });
  };
  walk('', 1);
  return out;
}
