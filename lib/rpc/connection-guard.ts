/**
 * Bounds the connections of one port. When a limit is reached, the connection that is least likely to be an honest
 * client's makes room: one that never made a request, then the one that has been idle longest, and those of verified
 * clients last. So a caller that opens connections and does nothing displaces its own.
 */
import type { Duplex } from 'node:stream';
import type { CountRefusal, LimitName } from '../limits.ts';
import type { ElapsedMs } from '../metrics.ts';

export interface ConnectionBounds {
	readonly total: number;
	readonly perAddress: number;
	/** Until the first request, of a client that has shown no verified certificate; includes the TLS handshake. */
	readonly firstRequestMs: number;
	/** The time since the last request. */
	readonly idleMs: number;
	/** From the first sign that the connection ends until its socket is closed. */
	readonly closingMs: number;
}

export interface GuardedConnection {
	/** TLS now runs on the socket that was admitted: this is the one to look at and to destroy. */
	readonly secured: (socket: Duplex) => void;
	/** The client has shown a verified certificate. */
	readonly identified: () => void;
	/** A request has begun. @returns call it when the request has ended */
	readonly begin: () => () => void;
	/** Ask the client to leave: how this protocol does it. Without it the socket is destroyed. */
	readonly onIdle: (leave: () => void) => void;
}

export interface ConnectionGuard {
	/** @returns undefined when the connection was refused, and its socket destroyed */
	readonly admit: (socket: Duplex, address: string) => GuardedConnection | undefined;
	readonly size: () => number;
	readonly destroyAll: () => void;
	readonly stop: () => void;
}

export interface GuardOptions {
	readonly bounds: ConnectionBounds;
	readonly count: CountRefusal;
	readonly elapsedMs?: ElapsedMs;
}

/** In the order in which connections make room. */
const ranks = ['unused', 'idle', 'identified', 'busy', 'kept'] as const;
type Rank = (typeof ranks)[number];

interface Entry {
	socket: Duplex;
	readonly address: string;
	isIdentified: boolean;
	isUsed: boolean;
	isRemoved: boolean;
	open: number;
	sinceMs: number;
	rank: Rank;
	/** When it was asked to leave, or was seen to end. */
	endingMs?: number;
	leave?: () => void;
}

const SWEEP_MS = 500;

export function createConnectionGuard(options: GuardOptions): ConnectionGuard {
	const guard = new Guard(options);
	return {
		admit: (socket, address) => guard.admit(socket, address),
		size: () => guard.size,
		destroyAll: () => guard.destroyAll(),
		stop: () => guard.stop(),
	};
}

class Guard {
	readonly #bounds: ConnectionBounds;
	readonly #count: CountRefusal;
	readonly #elapsedMs: ElapsedMs;
	/** Each set is in the order of `sinceMs`, oldest first. */
	readonly #byRank: Readonly<Record<Rank, Set<Entry>>> = {
		unused: new Set(),
		idle: new Set(),
		identified: new Set(),
		busy: new Set(),
		kept: new Set(),
	};
	readonly #perAddress = new Map<string, number>();
	readonly #sweeping: NodeJS.Timeout;
	size = 0;

	constructor({ bounds, count, elapsedMs = () => performance.now() }: GuardOptions) {
		this.#bounds = bounds;
		this.#count = count;
		this.#elapsedMs = elapsedMs;
		this.#sweeping = setInterval(() => this.#sweep(), Math.min(SWEEP_MS, bounds.closingMs)).unref();
	}

	stop(): void {
		clearInterval(this.#sweeping);
	}

	admit(socket: Duplex, address: string): GuardedConnection | undefined {
		if (!this.#makeRoom(address)) {
			socket.destroy();
			return undefined;
		}
		const state = {
			isIdentified: false,
			isUsed: false,
			isRemoved: false,
			open: 0,
			sinceMs: 0,
			rank: 'unused',
		} as const;
		const entry: Entry = { socket, address, ...state };
		this.size += 1;
		this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1);
		this.#touch(entry);
		socket.once('close', () => this.#remove(entry));
		return {
			secured: (secure) => {
				entry.socket = secure;
				this.#touch(entry);
			},
			identified: () => {
				entry.isIdentified = true;
				this.#touch(entry);
			},
			begin: () => this.#begin(entry),
			onIdle(leave) {
				entry.leave = leave;
			},
		};
	}

	#begin(entry: Entry): () => void {
		let isOpen = true;
		entry.isUsed = true;
		entry.open += 1;
		this.#touch(entry);
		return () => {
			if (!isOpen) return;
			isOpen = false;
			entry.open -= 1;
			this.#touch(entry);
		};
	}

	#touch(entry: Entry): void {
		this.#byRank[entry.rank].delete(entry);
		if (entry.isRemoved) return;
		entry.sinceMs = this.#elapsedMs();
		entry.rank = rankOf(entry);
		this.#byRank[entry.rank].add(entry);
	}

	#remove(entry: Entry): void {
		this.#byRank[entry.rank].delete(entry);
		if (entry.isRemoved) return;
		entry.isRemoved = true;
		this.size -= 1;
		const left = (this.#perAddress.get(entry.address) ?? 1) - 1;
		if (left === 0) this.#perAddress.delete(entry.address);
		else this.#perAddress.set(entry.address, left);
	}

	#makeRoom(address: string): boolean {
		if (
			(this.#perAddress.get(address) ?? 0) >= this.#bounds.perAddress &&
			!this.#evict('connectionsPerAddress', address)
		)
			return false;
		return this.size < this.#bounds.total || this.#evict('connections');
	}

	#evict(limit: LimitName, address?: string): boolean {
		this.#count(limit);
		for (const rank of ranks) {
			if (rank === 'kept') break;
			for (const entry of this.#byRank[rank]) {
				if (address !== undefined && entry.address !== address) continue;
				// Not on `close`, which comes later: the next admission would evict one more.
				this.#remove(entry);
				entry.socket.destroy();
				return true;
			}
		}
		return false;
	}

	destroyAll(): void {
		for (const rank of ranks) for (const { socket } of this.#byRank[rank]) socket.destroy();
	}

	/** Node and grpc-js leave sockets open in several cases; here every one ends. */
	#sweep(): void {
		const nowMs = this.#elapsedMs();
		for (const rank of ranks) {
			for (const entry of this.#byRank[rank]) {
				if (entry.endingMs !== undefined) {
					if (nowMs - entry.endingMs >= this.#bounds.closingMs) this.#closeNow(entry);
				} else if (entry.socket.writableEnded || entry.socket.readableEnded) entry.endingMs = nowMs;
				else if (entry.open === 0) this.#expire(entry, nowMs);
			}
		}
	}

	#closeNow({ socket }: Entry): void {
		if (socket.destroyed) return;
		this.#count('connectionClosingTime');
		socket.destroy();
	}

	#expire(entry: Entry, nowMs: number): void {
		const isUnused = !entry.isUsed && !entry.isIdentified;
		if (nowMs - entry.sinceMs < (isUnused ? this.#bounds.firstRequestMs : this.#bounds.idleMs)) return;
		this.#count(isUnused ? 'firstRequestTime' : 'connectionIdleTime');
		entry.endingMs = nowMs;
		if (isUnused || entry.leave === undefined) entry.socket.destroy();
		else entry.leave();
	}
}

function rankOf({ open, isIdentified, isUsed }: Entry): Rank {
	if (open > 0) return isIdentified ? 'kept' : 'busy';
	if (isIdentified) return 'identified';
	return isUsed ? 'idle' : 'unused';
}
