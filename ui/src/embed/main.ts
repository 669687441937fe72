// The terminal alone, in a frame of another site.
import '../styles/tokens.css';
import '../styles/base.css';
import '@fontsource/jetbrains-mono/400.css';
import 'pretendard/dist/web/variable/pretendardvariable-dynamic-subset.css?part=latin';
import { mount } from 'svelte';
import { clock } from '../app/clock.svelte.ts';
import { theme } from '../app/theme.svelte.ts';
import { i18n } from '../i18n/index.svelte.ts';
import EmbedPage from './EmbedPage.svelte';
import { embedWords } from './words.ts';

const fullName = location.pathname.split('/').slice(2, 4).map(decodeURIComponent).join('/');
theme.start();
clock.start();
void Promise.all([i18n.start(), embedWords.load()]).then(() => {
  mount(EmbedPage, { target: document.getElementById('app') as HTMLElement, props: { fullName } });
});
