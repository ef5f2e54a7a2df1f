/** A service of the mesh over TLS, and files that an attacker stole. It contains no tests. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { contractOf, kindOf, type MethodKind } from '../../lib/rpc/contracts.ts';
import { type Door, openDoor, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import type { Service, StreamHandler, UnaryHandler } from '../../lib/rpc/server.ts';
import type { MeshService } from './guard-rails.ts';

export const stolenToken = { id: 'abcdef', secret: '0123456789abcdef' };
export const tokenText = `${stolenToken.id}.${stolenToken.secret}`;

export interface TestFiles {
	readonly path: (name: string) => string;
	/** @returns the path */
	readonly write: (name: string, contents: string) => string;
	readonly remove: () => void;
}

export function testFiles(): TestFiles {
	const directory = mkdtempSync(join(tmpdir(), 'attacker-sim-'));
	const path = (name: string): string => join(directory, name);
	return {
		path,
		write(name, contents) {
			writeFileSync(path(name), contents, { mode: 0o600 });
			return path(name);
		},
		remove: () => rmSync(directory, { recursive: true }),
	};
}

/** A service that refuses every other method of its contract with API_PATH_NOT_FOUND. */
export function serviceOf(
	name: string,
	unary: Readonly<Record<string, UnaryHandler>>,
	streams: Readonly<Record<string, StreamHandler>> = {},
): Service {
	const methods = Object.entries(contractOf(name));
	const refuse = (): never => {
		throw new KubejoinError('API_PATH_NOT_FOUND', {});
	};
	const refusing = (kind: MethodKind) =>
		Object.fromEntries(
			methods.flatMap(([method, definition]) => (kindOf(definition) === kind ? [[method, refuse]] : [])),
		);
	return {
		name,
		unary: { ...refusing('unary'), ...unary },
		streams: { ...refusing('streams'), ...streams },
		bidi: refusing('bidi'),
		callers: Object.fromEntries(methods.map(([method]) => [method, 'authorizes-itself' as const])),
	};
}

/** Opens a service of the mesh with a server certificate of the CA. */
export async function openService(
	name: MeshService,
	clientCa: TestCa,
	services: readonly Service[],
): Promise<Omit<Door, 'target'> & { readonly target: string }> {
	const identity = await clientCa.server(name, { hosts: [name] });
	const door = await openDoor({ identity, clientCa, clientCertificate: 'optional', services });
	return { ...door, target: `127.0.0.1:${door.port}` };
}
