import type { Theme } from './state.svelte';

const dark = window.matchMedia('(prefers-color-scheme: dark)');
let chosen: Theme = 'auto';

export function applyTheme(theme: Theme) {
  chosen = theme;
  const now = theme === 'auto' ? (dark.matches ? 'dark' : 'light') : theme;
  document.documentElement.dataset.theme = now;
}
dark.addEventListener('change', () => applyTheme(chosen));
