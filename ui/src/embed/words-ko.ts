import type { Words } from '../i18n/types.ts';
import type { messages as english } from './words-en.ts';

export const messages: Words<typeof english> = {
  open: 'trythisonbrowser에서 열기',
  missing: '이 프로젝트는 이제 여기에 없습니다.',
};
