/** Errors of the key-value stores. */
import { shellWord } from '../../text.ts';
import { defineError, grpcCode } from '../row.ts';

export const storeErrors = {
	STORE_KEY_EXISTS: defineError<{ key: string }>({
		message: (f) => `the key ${f.key} already exists`,
		remedy: () => 'Update it, or choose another key',
		grpc: grpcCode.ALREADY_EXISTS,
	}),
	STORE_KEY_INVALID: defineError<{ key: string; problem: string }>({
		message: (f) => `the key "${f.key}" cannot be stored: ${f.problem}`,
		remedy: () => 'Choose a shorter name without unpaired surrogates',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	STORE_VALUE_TOO_LARGE: defineError<{ key: string; bytes: number; limit: number }>({
		message: (f) => `the value of the key ${f.key} has ${f.bytes} bytes; the limit is ${f.limit}`,
		remedy: () => 'Store a smaller value',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	STORE_KEY_MISSING: defineError<{ key: string }>({
		message: (f) => `there is no key ${f.key}`,
		remedy: () => 'Create it first',
		grpc: grpcCode.NOT_FOUND,
	}),
	STORE_CONFLICT: defineError<{ key: string; expectedRevision: number; foundRevision: number }>({
		message: (f) => `the key ${f.key} is at revision ${f.foundRevision}; revision ${f.expectedRevision} was expected`,
		remedy: () => 'Read it again, apply the change, and write it',
		grpc: grpcCode.ABORTED,
	}),
	STORE_COMPACTED: defineError<{ requested: number; oldest: number }>({
		message: (f) => `revision ${f.requested} was compacted; the oldest revision to watch from is ${f.oldest}`,
		remedy: () => 'List again and watch from the revision of the list',
		grpc: grpcCode.OUT_OF_RANGE,
	}),
	STORE_DAMAGED: defineError<{ path: string; problem: string }>({
		message: (f) => `the store ${f.path} is damaged: ${f.problem}`,
		remedy: (f) =>
			`Restore the file from a backup, or start with an empty store: mv ${shellWord(f.path)} ` +
			shellWord(`${f.path}.damaged`),
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
		exitCode: 1,
	}),
	STORE_UNAVAILABLE: defineError<{ store: string; problem: string }>({
		message: (f) => `the store ${f.store} is unavailable: ${f.problem}`,
		remedy: (f) =>
			f.store.startsWith('lmdb:')
				? `Free space on the disk of ${f.store.slice('lmdb:'.length)}, and let this user read and write the directory`
				: 'Start Redis, or check the address, user, password file and certificates of the store; ' +
					'npm start -- --store lmdb needs no Redis',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	STORE_NOT_DURABLE: defineError<{ store: string; problem: string }>({
		message: (f) => `the store ${f.store} can lose writes that it acknowledged: ${f.problem}`,
		remedy: (f) =>
			f.problem.includes('may not read')
				? 'Add +config|get to the ACL rule of the user in Redis'
				: 'Run redis-cli CONFIG SET appendonly yes and redis-cli CONFIG SET appendfsync always, ' +
					'and set both in redis.conf',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
};
