import { describe, expect, test } from 'vitest';
import { isDay, linkHash, parseHash, periodOf, presetPeriod, printHash, viewPath } from '../src/lib/route';

describe('the address', () => {
  const hostile = ['<script>', '../..', 'a/b', 'a?b=c&d#e', '100 %', 'مرحبا', '👩‍👩‍👧', '=cmd|x', 'c', "'"];
  test('goes there and back with any name', () => {
    for (const client of hostile) {
      for (const id of hostile) {
        const route = { client, page: 'plans', id, query: { 'filter.campaign': client, by: 'ad' } };
        expect(parseHash(printHash(route))).toEqual(route);
      }
    }
  });
  test('is the same for the same state, without what is empty', () => {
    expect(printHash({ client: 'A', page: 'campaigns', query: { to: '', compare: 'year', by: 'ad' } })).toBe('#/c/A/campaigns?by=ad&compare=year');
    expect(printHash({ page: 'overview' })).toBe('#/overview');
  });
  test('of nonsense is a page that is not there, not an error', () => {
    expect(parseHash('')).toEqual({ client: '', page: 'overview', id: '', query: {} });
    expect(parseHash('#/%E0%A4%A')).toEqual({ client: '', page: '%E0%A4%A', id: '', query: {} });
    expect(parseHash('#/c')).toEqual({ client: '', page: 'c', id: '', query: {} });
  });
});

describe('periods', () => {
  test('spans end yesterday', () => {
    expect(presetPeriod('7d', '2026-03-29')).toEqual({ from: '2026-03-22', to: '2026-03-28' });
    expect(presetPeriod('28d', '2026-03-01')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
  });
  test('months, also across years and in leap years', () => {
    expect(presetPeriod('last_month', '2026-01-15')).toEqual({ from: '2025-12-01', to: '2025-12-31' });
    expect(presetPeriod('last_month', '2028-03-31')).toEqual({ from: '2028-02-01', to: '2028-02-29' });
    expect(presetPeriod('month', '2026-03-29')).toEqual({ from: '2026-03-01', to: '2026-03-29' });
    expect(presetPeriod('year', '2026-03-29')).toEqual({ from: '2026-01-01', to: '2026-03-29' });
    expect(presetPeriod('today', '2026-03-29')).toEqual({ from: '2026-03-29', to: '2026-03-29' });
    expect(presetPeriod('nonsense', '2026-03-29')).toBeNull();
    expect(presetPeriod('7d', 'nonsense')).toBeNull();
  });
  test('days that are none are not asked for', () => {
    expect(isDay('2026-02-30')).toBe(false);
    expect(isDay('2026-2-3')).toBe(false);
    expect(isDay(undefined)).toBe(false);
    expect(periodOf({ from: '2026-02-30', to: '2026-03-01', period: '7d' }, '2026-03-29')).toEqual({ from: '2026-03-22', to: '2026-03-28' });
    expect(periodOf({}, '2026-03-29')).toBeNull();
  });
});

describe('what the server is asked', () => {
  test('has the client and the filters, and nothing of the page itself', () => {
    expect(viewPath('A/B', 'campaigns', { period: '7d', by: 'ad', 'filter.platform': 'meta', tab: 'all', metric: 'cpa' }, '2026-03-29')).toBe(
      '/clients/A%2FB/views/campaigns?from=2026-03-22&to=2026-03-28&by=ad&filter.platform=meta',
    );
    expect(viewPath('', 'overview', {}, '2026-03-29')).toBe('/views/overview');
  });
  test('leaves out what the view does not heed', () => {
    const path = viewPath('A', 'alerts', { period: '7d', compare: 'year', 'filter.account': 'x', state: 'all' }, '2026-03-29', new Set(['filter', 'state']));
    expect(path).toBe('/clients/A/views/alerts?filter.account=x&state=all');
  });
});

describe('links of rows', () => {
  test('lead to pages', () => {
    expect(linkHash('plan:p-1', 'A')).toBe('#/c/A/plans/p-1');
    expect(linkHash('view:alert?id=a-1', 'A')).toBe('#/c/A/alerts/a-1');
    expect(linkHash('tactic:alpen%2Fbid-meta', 'A')).toBe('#/c/A/tactics/alpen%2Fbid-meta');
    expect(linkHash('cycle:c-20260329-0001', '')).toBe('#/cycles/c-20260329-0001');
    expect(linkHash('view:campaigns?by=ad&filter.campaign=1%2C2', 'A')).toBe('#/c/A/campaigns?by=ad&filter.campaign=1%2C2');
    expect(linkHash('view:campaigns?client=B', '')).toBe('#/c/B/campaigns');
  });
  test('are never an address of their own', () => {
    for (const link of ['javascript:alert(1)', 'https://example.com', '//example.com', 'data:text/html,x', '', 'plan:', 'nonsense']) {
      expect(linkHash(link, 'A')).toBeNull();
    }
  });
});
