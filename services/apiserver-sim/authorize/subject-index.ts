/**
 * Bindings by the subjects that they name, so that a decision reads those of its user and its groups, and not all. It
 * decides nothing: the authorizer compares the user with each binding that it returns.
 */

import { serviceAccountUsername } from '../../../lib/kube/service-account-user.ts';
import type { RoleBinding, Subject, UserInfo } from '../../../lib/kube/types.ts';

interface Entry {
	readonly binding: RoleBinding;
	/** Bindings keep the order in which they came. */
	readonly position: number;
	readonly subjects: readonly string[];
}

export class SubjectIndex {
	readonly #entries = new Map<string, Entry>();
	readonly #bySubject = new Map<string, Map<string, Entry>>();
	#next = 0;
	/** Since the last change, by the user of a connection. */
	#found = new WeakMap<UserInfo, readonly RoleBinding[]>();

	set(key: string, binding: RoleBinding): void {
		const position = this.#entries.get(key)?.position ?? this.#next++;
		this.delete(key);
		const namespace = binding.metadata.namespace ?? '';
		const subjects = (binding.subjects ?? []).flatMap((subject) => subjectKey(subject, namespace) ?? []);
		const entry = { binding, position, subjects };
		this.#entries.set(key, entry);
		for (const subject of subjects) {
			const entries = this.#bySubject.get(subject) ?? new Map<string, Entry>();
			this.#bySubject.set(subject, entries.set(key, entry));
		}
	}

	delete(key: string): void {
		this.#found = new WeakMap();
		for (const subject of this.#entries.get(key)?.subjects ?? []) {
			const entries = this.#bySubject.get(subject);
			entries?.delete(key);
			if (entries?.size === 0) this.#bySubject.delete(subject);
		}
		this.#entries.delete(key);
	}

	clear(): void {
		this.#found = new WeakMap();
		this.#entries.clear();
		this.#bySubject.clear();
	}

	get isEmpty(): boolean {
		return this.#entries.size === 0;
	}

	/** Those that may name the user or a group of it, each once, in their order. */
	of(user: UserInfo): readonly RoleBinding[] {
		const known = this.#found.get(user);
		if (known !== undefined) return known;
		const { username, groups } = user;
		const keys = [userKey(username), ...groups.map(groupKey)];
		const entries = new Set(keys.flatMap((key) => [...(this.#bySubject.get(key)?.values() ?? [])]));
		const found = [...entries].sort((a, b) => a.position - b.position).map(({ binding }) => binding);
		this.#found.set(user, found);
		return found;
	}
}

const userKey = (name: string) => `user ${name}`;
const groupKey = (name: string) => `group ${name}`;

function subjectKey({ kind, name, namespace }: Subject, ownNamespace: string): string | undefined {
	switch (kind) {
		case 'User':
			return userKey(name);
		case 'Group':
			return groupKey(name);
		case 'ServiceAccount':
			return userKey(serviceAccountUsername({ namespace: namespace || ownNamespace, name }));
		default:
			return undefined;
	}
}
