/** The one table of all errors, in the order of docs/errors.md. A new error is a row in the file of its area. */
import type { None, Row } from '../row.ts';
import { apiErrors } from './api.ts';
import { attackerErrors } from './attacker.ts';
import { certificateErrors } from './certificates.ts';
import { chaosErrors } from './chaos.ts';
import { discoveryErrors } from './discovery.ts';
import { joinErrors } from './join.ts';
import { labErrors } from './lab.ts';
import { observerErrors } from './observer.ts';
import { rpcErrors } from './rpc.ts';
import { storeErrors } from './store.ts';
import { systemErrors } from './system.ts';
import { tokenErrors } from './tokens.ts';

export const errorTable = {
	...tokenErrors,
	...discoveryErrors,
	...joinErrors,
	...certificateErrors,
	...apiErrors,
	...rpcErrors,
	...attackerErrors,
	...storeErrors,
	...systemErrors,
	...labErrors,
	...chaosErrors,
	...observerErrors,
} satisfies Record<string, Row<never>>;

export type ErrorCode = keyof typeof errorTable;
export type DetailsOf<C extends ErrorCode> = Parameters<(typeof errorTable)[C]['message']> extends [infer F] ? F : None;
