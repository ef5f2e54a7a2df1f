/**
 * Finds the collector of the mesh that `npm start` runs on this machine, so that the page shows nodes that a person
 * starts by hand. Nothing that a server sends decides where spans go: the file is local, its owner is this user, and
 * it names an address of this machine.
 */
import { lstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { splitHostPort } from '../address.ts';
import { environment } from '../config.ts';
import { readText, writeWholeFile } from '../files.ts';
import { type TracedProgram, tracesKeyPath } from '../traces-key.ts';

/** In the state directory of a mesh that runs. */
export const OBSERVER_FILE = 'observer.json';
const DEFAULT_STATE = '.kubejoin';
const MAX_BYTES = 4_096;
const WRITABLE_BY_OTHERS = 0o022;

interface ObserverFile {
	/** `host:port` of the API server that nodes of this mesh join. */
	readonly apiServer: string;
	/** Base URL, to which OTLP/HTTP adds a path. */
	readonly tracesUrl: string;
}

export interface Collector {
	/** Absent: the standard OTEL_ variables name it. */
	readonly url?: string;
	readonly key?: string;
}

export const writeObserverFile = (state: string, content: ObserverFile): Promise<void> =>
	writeWholeFile(join(state, OBSERVER_FILE), `${JSON.stringify(content)}\n`, 0o600);

export const removeObserverFile = (state: string): Promise<void> => rm(join(state, OBSERVER_FILE), { force: true });

export interface CollectorQuery {
	/** `host:port` of the API server that the program is about to call. */
	readonly endpoint: string;
	/** State directories, in the order of preference. */
	readonly states?: readonly string[];
	readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The standard OTEL_ variables win. @returns an empty object where neither they nor a file name a collector */
export function findCollector(
	program: TracedProgram,
	{ endpoint, states = [DEFAULT_STATE], env = environment() }: CollectorQuery,
): Collector {
	const url = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT;
	// Another collector is not sent a key of this mesh.
	if (url) return isLocal(url) ? withKey({}, program, states[0] ?? DEFAULT_STATE) : {};
	for (const state of states) {
		const file = readObserverFile(join(state, OBSERVER_FILE));
		if (file !== undefined && isSameServer(file.apiServer, endpoint))
			return withKey({ url: `${file.tracesUrl.replace(/\/$/, '')}/v1/traces` }, program, state);
	}
	return {};
}

function withKey(collector: Collector, program: TracedProgram, state: string): Collector {
	try {
		const key = readText(join(state, 'pki', tracesKeyPath(program)), MAX_BYTES).trim();
		return key === '' ? collector : { ...collector, key };
	} catch {
		return collector;
	}
}

/** @returns undefined for a file that is absent, is damaged, or could have been written by another user */
function readObserverFile(path: string): ObserverFile | undefined {
	try {
		const stats = lstatSync(path);
		const isOwn = stats.uid === process.getuid?.() && (stats.mode & WRITABLE_BY_OTHERS) === 0;
		if (!stats.isFile() || !isOwn) return undefined;
		const { apiServer, tracesUrl } = JSON.parse(readText(path, MAX_BYTES)) as Partial<ObserverFile>;
		if (typeof apiServer !== 'string' || typeof tracesUrl !== 'string' || !isLocal(tracesUrl)) return undefined;
		return { apiServer, tracesUrl };
	} catch {
		return undefined;
	}
}

const isLocalHost = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host);
const isLocal = (url: string): boolean => URL.canParse(url) && isLocalHost(new URL(url).hostname);

/** `localhost:6443` and `127.0.0.1:6443` are the same server. */
function isSameServer(one: string, other: string): boolean {
	const [a, b] = [splitHostPort(one), splitHostPort(other)];
	if (a === undefined || b === undefined || a.port !== b.port) return false;
	return a.host === b.host || (isLocalHost(a.host) && isLocalHost(b.host));
}
