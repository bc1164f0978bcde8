import { mount } from 'svelte';
import './app.css';
import App from './App.svelte';
import { app } from './lib/state.svelte';
import { applyTheme } from './lib/theme';

applyTheme(app.theme);
app.start();
mount(App, { target: document.getElementById('app') as HTMLElement });
