import type { Tls } from '../api.ts';
import type { Word } from './catalogue.ts';

export const tlsWord: Readonly<Record<Tls, Word>> = { unverified: 'unverified', 'one-way': 'oneWay', mutual: 'mutual' };
