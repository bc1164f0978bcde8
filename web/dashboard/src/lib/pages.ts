import type { Component } from 'svelte';
import type { Messages } from '../messages/en';

export interface PageKind {
  name: string;
  title: keyof Messages;
  group: 'work' | 'performance' | 'setup' | 'memory' | 'system';
  /** Of one client: without one it asks which. */
  client: boolean;
  admin?: boolean;
  /** One of its things opens as a dialog over it, so the focus stays where it was. */
  over?: boolean;
  load: () => Promise<{ default: Component }>;
}

/** Every page, in the order of the menu. Each is a file of its own that comes when it is opened. */
export const kPages: PageKind[] = [
  { name: 'overview', title: 'page_overview', group: 'work', client: false, load: () => import('../pages/Overview.svelte') },
  { name: 'ask', title: 'page_ask', group: 'work', client: true, load: () => import('../pages/Ask.svelte') },
  { name: 'alerts', title: 'page_alerts', group: 'work', client: false, load: () => import('../pages/Alerts.svelte') },
  { name: 'plans', title: 'page_plans', group: 'work', client: false, load: () => import('../pages/Plans.svelte') },
  { name: 'planner', title: 'page_planner', group: 'work', client: true, load: () => import('../pages/Planner.svelte') },
  { name: 'experiments', title: 'page_experiments', group: 'work', client: true, load: () => import('../pages/Experiments.svelte') },
  { name: 'campaigns', title: 'page_campaigns', group: 'performance', client: false, load: () => import('../pages/Campaigns.svelte') },
  { name: 'pacing', title: 'page_pacing', group: 'performance', client: true, load: () => import('../pages/Pacing.svelte') },
  { name: 'creatives', title: 'page_creatives', group: 'performance', client: true, load: () => import('../pages/Creatives.svelte') },
  { name: 'audiences', title: 'page_audiences', group: 'performance', client: true, load: () => import('../pages/Audiences.svelte') },
  { name: 'geo', title: 'page_geo', group: 'performance', client: true, load: () => import('../pages/Geo.svelte') },
  { name: 'hours', title: 'page_hours', group: 'performance', client: true, load: () => import('../pages/Hours.svelte') },
  { name: 'attribution', title: 'page_attribution', group: 'performance', client: true, load: () => import('../pages/Attribution.svelte') },
  { name: 'segments', title: 'page_segments', group: 'performance', client: true, load: () => import('../pages/Segments.svelte') },
  { name: 'documents', title: 'page_documents', group: 'setup', client: true, load: () => import('../pages/Documents.svelte') },
  { name: 'rules', title: 'page_rules', group: 'setup', client: true, load: () => import('../pages/Rules.svelte') },
  { name: 'quality', title: 'page_quality', group: 'setup', client: true, load: () => import('../pages/Quality.svelte') },
  { name: 'reports', title: 'page_reports', group: 'memory', client: true, load: () => import('../pages/Reports.svelte') },
  { name: 'messages', title: 'page_messages', group: 'memory', client: true, over: true, load: () => import('../pages/Messages.svelte') },
  { name: 'ledger', title: 'page_ledger', group: 'memory', client: true, load: () => import('../pages/Ledger.svelte') },
  { name: 'tactics', title: 'page_tactics', group: 'memory', client: false, over: true, load: () => import('../pages/Tactics.svelte') },
  { name: 'cycles', title: 'page_cycles', group: 'memory', client: false, load: () => import('../pages/Cycles.svelte') },
  { name: 'health', title: 'page_health', group: 'system', client: false, load: () => import('../pages/Health.svelte') },
  { name: 'users', title: 'page_users', group: 'system', client: false, admin: true, load: () => import('../pages/Users.svelte') },
];
export const kGroups = ['work', 'performance', 'setup', 'memory', 'system'] as const;
export const findPage = (name: string) => kPages.find((page) => page.name === name);
