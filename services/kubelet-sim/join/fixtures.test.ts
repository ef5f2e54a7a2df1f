/** The environment of the phases of a join in memory. It contains no tests; services must not import it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { nodePaths } from '../node-paths.ts';
import type { PinnedCa, TrustedServer } from '../trust.ts';
import type { ApiConnection, Dial, JoinContext } from './join-context.ts';

export const testNow = Date.UTC(2026, 5, 1);
export const testServer: TrustedServer = {
	url: 'https://h:6443',
	target: 'h:6443',
	ca: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n' as PinnedCa,
};

export interface TestTools extends JoinContext {
	readonly said: string[];
	/** Connections and `closed`, in order. */
	readonly dialled: string[];
	readonly remove: () => void;
}

/** @param api  the API of every connection */
export function testTools(api: object = {}, signal = new AbortController().signal): TestTools {
	const root = mkdtempSync(join(tmpdir(), 'kubejoin-join-'));
	const said: string[] = [];
	const dialled: string[] = [];
	const connect = (how: string) => {
		dialled.push(how);
		return { api, close: () => void dialled.push('closed') } as unknown as ApiConnection<never>;
	};
	const dial = {
		unverified: (endpoint: string) => connect(`unverified ${endpoint}`),
		verified: (endpoint: string, ca: string) => connect(`verified ${endpoint} ${ca}`),
		withToken: ({ target }: TrustedServer) => connect(`with token ${target}`),
		asNode: ({ target }: TrustedServer) => connect(`as node ${target}`),
	} as unknown as Dial;
	return {
		dial,
		paths: nodePaths(root),
		say: (sentence) => void said.push(sentence),
		clock: () => testNow,
		waitUntil: async () => undefined,
		signal,
		retryMs: 1,
		said,
		dialled,
		remove: () => rmSync(root, { recursive: true }),
	};
}

/** Returns or throws the answers in order, and repeats the last one. */
export function inTurn<T>(...answers: readonly (T | Error)[]): () => Promise<T> {
	let next = 0;
	return async () => {
		const answer = answers[Math.min(next++, answers.length - 1)];
		if (answer instanceof Error) throw answer;
		return answer as T;
	};
}

export const notFound = () =>
	new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name: 'n' } as never) as Error;
export const refusedConnection = () =>
	new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'connect ECONNREFUSED' }) as Error;
