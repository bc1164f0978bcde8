import { describe, expect, test } from 'vitest';
import { Format, isChange } from '../src/lib/format';

// Intl puts no-break spaces into some locales' numbers; to a reader they are spaces.
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');
const en = new Format('en-GB', 'UTC');
const de = new Format('de-AT', 'UTC');
const column = (kind: string, unit = '', name = 'x') => ({ kind, unit, name }) as Parameters<Format['cell']>[1];

describe('money', () => {
  test('is exact where a floating-point number is not', () => {
    // 2^53 + 1 is no double.
    expect(en.money({ amount: '9007199254740993.01', currency: 'EUR' })).toBe('€9,007,199,254,740,993.01');
  });
  test('has its own currency and as many digits as that one', () => {
    expect(en.money({ amount: '5000', currency: 'JPY' })).toBe('JP¥5,000');
    expect(plain(de.money({ amount: '1234.5', currency: 'EUR' }))).toBe('€ 1.234,50');
    expect(en.money({ amount: '12.345', currency: 'KWD' })).toContain('12.345');
  });
  test('without cents where a column is of large amounts', () => {
    expect(en.money({ amount: '12345.67', currency: 'EUR' }, true)).toBe('€12,346');
  });
  test('of a currency that nobody knows is still told', () => {
    expect(en.money({ amount: '1.50', currency: 'nonsense' })).toBe('1.50 nonsense');
  });
  test('below zero and zero', () => {
    expect(en.money({ amount: '-0.01', currency: 'EUR' })).toBe('-€0.01');
    expect(en.money({ amount: '0', currency: 'EUR' })).toBe('€0.00');
  });
});

describe('cells', () => {
  test('absent is a dash and never 0', () => {
    for (const kind of ['text', 'count', 'real', 'ratio', 'money', 'estimate', 'day', 'instant', 'flag']) {
      expect(en.cell(null, column(kind))).toBe('–');
    }
    expect(en.cell(0, column('count'))).toBe('0');
    expect(en.cell(0, column('ratio'))).toBe('0.0%');
  });
  test('ratios, changes with their sign', () => {
    expect(en.cell(0.0344, column('ratio'))).toBe('3.4%');
    expect(plain(de.cell(0.0344, column('ratio')))).toBe('3,4 %');
    expect(en.cell(0.12, column('ratio', '', 'spend_previous_change'))).toBe('+12.0%');
    expect(en.cell(-0.12, column('ratio', '', 'spend_previous_change'))).toBe('-12.0%');
    expect(en.cell(0.0042, column('ratio'))).toBe('0.42%');
  });
  test('counts are grouped as the locale does it', () => {
    expect(en.cell(1234567, column('count'))).toBe('1,234,567');
    expect(plain(new Format('de-DE', 'UTC').cell(1234567, column('count')))).toBe('1.234.567');
  });
  test('estimates stand with their interval', () => {
    expect(en.cell({ value: 1, low: 0.5, high: 2, level: 0.9 }, column('estimate'))).toBe('1.00 (0.50 – 2.00)');
    expect(en.cell({ value: 56.7, low: -12.2, high: 193.4, level: 0.9 }, column('estimate', 'EUR/day'))).toBe('€56.70/day (-12.2 – 193)');
  });
  test('days and instants', () => {
    expect(en.cell('2026-03-29', column('day'))).toBe('29 Mar 2026');
    expect(en.cell('2026-03-29T10:05:00Z', column('instant'))).toBe('29 Mar, 10:05');
    expect(en.cell('nonsense', column('day'))).toBe('nonsense');
  });
  test('flags in the words that are given', () => {
    expect(de.cell(true, column('flag'), false, 'ja', 'nein')).toBe('ja');
    expect(de.cell(false, column('flag'), false, 'ja', 'nein')).toBe('nein');
  });
});

test('a share is never said to be whole before it is', () => {
  expect(en.percent(0.9996)).toBe('99%');
  expect(en.percent(1)).toBe('100%');
  expect(en.percent(0.82)).toBe('82%');
});
test('how long ago', () => {
  const now = Date.parse('2026-03-29T12:00:00Z');
  expect(en.since('2026-03-29T11:55:00Z', now)).toBe('5 min ago');
  expect(en.since('2026-03-20T12:00:00Z', now)).toBe('9 days ago');
  expect(en.since('never', now)).toBe('never');
});
test('weekdays begin on Monday', () => {
  expect(en.weekday(1)).toBe('Mon');
  expect(de.weekday(7)).toBe('So');
});
test('what is a change', () => {
  expect(isChange('spend_previous_change')).toBe(true);
  expect(isChange('changes')).toBe(false);
});
