// A look at a read-me while it is written. Raw HTML shows as text; the server renders and cleans what others see.
import MarkdownIt from 'markdown-it';

const renderer = new MarkdownIt({ html: false, linkify: false });
renderer.disable('image');

export const render = (text: string): string => renderer.render(text);
