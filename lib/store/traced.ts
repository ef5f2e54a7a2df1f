/** A store whose commands are spans of what asked for them: `registry create`. Keys are attributes, values never. */
import { inSpan, SpanKind } from '../trace.ts';
import { pagesOf } from './pages.ts';
import type { Store } from './store.ts';

/** @source OpenTelemetry semantic conventions for databases */
export function traced(store: Store, system: 'redis' | 'lmdb', keyspace: string): Store {
	const span = <T>(operation: string, key: string, work: () => Promise<T>): Promise<T> =>
		inSpan(
			`${keyspace} ${operation}`,
			() => ({
				kind: SpanKind.CLIENT,
				attributes: {
					'db.system.name': system,
					'db.namespace': keyspace,
					'db.operation.name': operation,
					'kubejoin.key': key,
					...store.connection?.(),
				},
			}),
			work,
		);
	const withSpans: Store = {
		name: store.name,
		...(store.connection === undefined ? {} : { connection: store.connection }),
		create: (key, value) => span('create', key, () => store.create(key, value)),
		get: (key, known) => span('get', key, () => store.get(key, known)),
		list: (prefix, page) => span('list', prefix, () => store.list(prefix, page)),
		pages: (prefix, limit) => pagesOf(withSpans, prefix, limit),
		update: (key, value, expectedRevision) => span('update', key, () => store.update(key, value, expectedRevision)),
		delete: (key, expectedRevision) => span('delete', key, () => store.delete(key, expectedRevision)),
		watch: (prefix, afterRevision, signal) => store.watch(prefix, afterRevision, signal),
		revision: () => store.revision(),
		ping: () => store.ping(),
		close: () => store.close(),
	};
	return withSpans;
}
