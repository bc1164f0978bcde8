import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { arrange, compareDecimals, toNumber, type Cell, type Row, type View } from '../src/lib/view';
import { addDecimals, readAmount } from '../src/lib/scenario';
import { diffOf, subtractDecimals, tacticsOf } from '../src/lib/plan';
import { EventParser } from '../src/lib/sse';
import { Format } from '../src/lib/format';
import { en } from '../src/messages/en';
import { de } from '../src/messages/de';

const words = new Intl.Collator('en', { numeric: true });
const row = (key: string, cells: Cell[], parent = ''): Row => ({ key, cells, known: null, link: '', parent, tone: '' });
const plainColumn = { title: '', unit: '', help: '', better: 0, group: '' };
const view = (rows: Row[]): View => ({
  view: 'v', title: '', client: '', as_of: '', from: null, to: null, totals: null, freshness: [], notes: [], next: '', rows,
  columns: [{ ...plainColumn, name: 'name', kind: 'text', truth: 'none' }, { ...plainColumn, name: 'spend', kind: 'money', truth: 'claimed' }],
});
const eur = (amount: string) => ({ amount, currency: 'EUR' });

describe('decimals', () => {
  test('are compared exactly', () => {
    expect(compareDecimals('9007199254740993', '9007199254740992')).toBe(1);
    expect(compareDecimals('0.10', '0.1')).toBe(0);
    expect(compareDecimals('-2', '1')).toBe(-1);
    expect(compareDecimals('-2', '-10')).toBe(1);
    expect(compareDecimals('-0', '0')).toBe(0);
    expect(compareDecimals('0.09', '0.1')).toBe(-1);
    expect(compareDecimals('10', '9')).toBe(1);
  });
  test('are added and subtracted exactly', () => {
    expect(addDecimals(['0.1', '0.2', '9007199254740993'])).toBe('9007199254740993.3');
    expect(addDecimals([])).toBe('0');
    expect(subtractDecimals('176.33', '196.37')).toBe('-20.04');
    expect(subtractDecimals('1', '0.999999')).toBe('0.000001');
    expect(subtractDecimals('2338.875', '2349.0375')).toBe('-10.1625');
    expect(subtractDecimals('x', '1')).toBeNull();
  });
  test('are read as people of a locale write them', () => {
    expect(readAmount('1.234,50', 'de-DE')).toBe('1234.50');
    expect(readAmount('1,234.50', 'en-GB')).toBe('1234.50');
    expect(readAmount(' 12 ', 'en-GB')).toBe('12');
    for (const text of ['', '-1', '1e3', 'NaN', '0x10', '1,5,']) expect(readAmount(text, 'de-DE')).toBeNull();
  });
});

describe('rows', () => {
  const rows = [row('a', ['A', eur('9')]), row('b', ['B', eur('10')]), row('c', ['C', null]), row('b1', ['B1', eur('1')], 'b'), row('b2', ['B2', eur('2')], 'b')];
  const order = (of: ReturnType<typeof arrange>) => of.map(({ row: { key } }) => key).join(' ');
  test('are sorted within their parents, absent ones last either way', () => {
    expect(order(arrange(view(rows), { column: 1, descending: true }, () => false, words))).toBe('b b2 b1 a c');
    expect(order(arrange(view(rows), { column: 1, descending: false }, () => false, words))).toBe('a b b1 b2 c');
    expect(order(arrange(view(rows), null, () => false, words))).toBe('a b b1 b2 c');
  });
  test('are folded away below a closed branch', () => {
    const shown = arrange(view(rows), null, (key) => key === 'b', words);
    expect(order(shown)).toBe('a b c');
    expect(shown[1]).toMatchObject({ branch: true, open: false, level: 1, place: 2, siblings: 3 });
  });
  test('whose parents are missing or are themselves are not lost', () => {
    expect(order(arrange(view([row('x', ['X', null], 'gone')]), null, () => false, words))).toBe('x');
    expect(order(arrange(view([row('x', ['X', null], 'x')]), null, () => false, words))).toBe('x');
  });
});

describe('diffs', () => {
  test('name every field of either side', () => {
    expect(diffOf({ a: 1, b: 2 }, { b: 3, c: 4 })).toEqual([
      { name: 'a', before: 1, after: undefined }, { name: 'b', before: 2, after: 3 }, { name: 'c', before: undefined, after: 4 },
    ]);
    expect(diffOf(null, { a: 1 })).toEqual([{ name: 'a', before: undefined, after: 1 }]);
  });
});

describe('server-sent events', () => {
  test('are the same however the stream is cut', () => {
    const stream = ': comment\n\nid: 1-2\nevent: change\ndata: {"a":\ndata: 1}\n\nretry: 5\ndata: x\r\n\r\n';
    const whole = new EventParser().push(stream);
    expect(whole).toEqual([{ id: '1-2', event: 'change', data: '{"a":\n1}' }, { id: '1-2', event: 'message', data: 'x' }]);
    for (let cut = 0; cut <= stream.length; cut += 1) {
      const parser = new EventParser();
      expect([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))]).toEqual(whole);
    }
  });
});

describe('recorded views', () => {
  const folder = new URL('../dev/fixtures/', import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const format = new Format('en-GB', 'UTC');
  test('are there', () => expect(names.length).toBeGreaterThan(0));
  test.each(names)('%s has a text for every cell', (name) => {
    const recorded = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as View;
    for (const one of [...recorded.rows.map((of) => of.cells), ...(recorded.totals ? [recorded.totals] : [])]) {
      expect(one.length).toBe(recorded.columns.length);
      one.forEach((cell, at) => {
        const text = format.cell(cell, recorded.columns[at]!);
        expect(text).not.toMatch(/NaN|undefined|object Object|Invalid/);
        if (cell === null) expect(text).toBe('–');
        if (recorded.columns[at]!.kind === 'money' && cell !== null) expect(Number.isFinite(toNumber(cell))).toBe(true);
      });
    }
    expect(arrange(recorded, null, () => false, words).length).toBe(recorded.rows.length);
  });
});

describe('tactics behind a change', () => {
  test('come heaviest first, whatever else is among the evidence', () => {
    const told = [{ id: 'b', weight: 0.2 }, { id: 'a/x', title: 'A', grade: 'prior', weight: 0.7 }, { title: 'without an id' }, null, 'text', { id: 'c' }];
    expect(tacticsOf(told)).toEqual([
      { id: 'a/x', title: 'A', grade: 'prior', weight: 0.7 },
      { id: 'b', title: '', grade: '', weight: 0.2 },
      { id: 'c', title: '', grade: '', weight: null },
    ]);
    for (const none of [null, undefined, 3, 'text', {}, []]) expect(tacticsOf(none)).toEqual([]);
  });
});

describe('languages', () => {
  test('have the same parameters in every text', () => {
    const of = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort();
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      if (key === 'columns') continue;
      expect(of(de[key]), key).toEqual(of(en[key]));
      expect(de[key], key).not.toBe('');
    }
  });
});
