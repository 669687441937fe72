import './styles/tokens.css';
import './styles/base.css';
import '@fontsource/jetbrains-mono/400.css';
import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css?part=latin';
import { mount } from 'svelte';
import App from './App.svelte';
import { clock } from './app/clock.svelte.ts';
import { me } from './app/me.svelte.ts';
import { pages } from './app/pages.ts';
import { router } from './app/router.svelte.ts';
import { theme } from './app/theme.svelte.ts';
import { toasts } from './app/toast.svelte.ts';
import { i18n } from './i18n/index.svelte.ts';

theme.start();
clock.start();
router.start();
me.start();
toasts.start();
void i18n.start().then(() => mount(App, { target: document.getElementById('app') as HTMLElement }));
setTimeout(() => {
  // Letters of other scripts, for summaries in another language than the page's.
  void import('./styles/fonts-rest.ts');
  // Where most people go next; a click on Try should not wait for it.
  void pages.project().catch(() => undefined);
}, 1500);
