import type { AdminMessages } from './admin.ts';

export const messages: AdminMessages = {
  title: '관리',
};
