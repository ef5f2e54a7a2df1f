/** What an experiment may do to the services of a mesh, whoever runs them: processes of this machine, or containers. Faults are made here, outside the services. */
import type { Change } from '../../../scripts/mesh/services.ts';

export type { Change };

/** The services that a fault can befall. In containers also redis. */
export const targetServices = ['ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim'] as const;

export interface ServiceState {
	readonly name: string;
	readonly state: 'running' | 'paused' | 'stopped';
	/** Milliseconds since 1970; 0 when it is not running. */
	readonly startedAtMs: number;
	/** It runs with other settings or another clock than at first. */
	readonly isChanged: boolean;
	/** With which, where that is known. */
	readonly change?: Change;
}

/** Secrets of the mesh that an attacker may have stolen. */
export const stealable = ['ca-key', 'mesh-client', 'signing-client', 'admin'] as const;
export type Stealable = (typeof stealable)[number];

/** Exit code of a verb whose answer is not the wanted one. */
export const EXIT_MISMATCH = 1;

export interface Result {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

/** Every function throws a KubejoinError when the fault cannot be made. */
export interface Driver {
	readonly kind: 'local' | 'compose';
	readonly services: () => Promise<readonly ServiceState[]>;
	/** SIGKILL; it stays away until it is started. */
	readonly kill: (service: string) => Promise<void>;
	/** Resolves when it is ready. */
	readonly start: (service: string) => Promise<void>;
	readonly pause: (service: string) => Promise<void>;
	readonly resume: (service: string) => Promise<void>;
	/** Start it again with these, until `restore`; resolves when it is ready. */
	readonly change: (service: string, change: Change) => Promise<void>;
	/** Nobody reaches it, though it runs. */
	readonly cut: (service: string) => Promise<void>;
	readonly heal: (service: string) => Promise<void>;
	/** All services as at first: started, resumed, unchanged, reachable. Can be called at any time. @returns what had to be put right */
	readonly restore: () => Promise<readonly string[]>;
	/** Whether an experiment may have left something where the nodes are. */
	readonly labExists: () => Promise<boolean>;
	/** Leave nothing where the nodes are; what ran there must have been removed from the cluster. @returns what was removed */
	readonly removeLab: () => Promise<readonly string[]>;
	/** Run a verb of the lab where the nodes are. */
	readonly runInLab: (args: readonly string[]) => Promise<Result>;
	/** Copy a secret of the mesh to where the attackers are. @returns the directory that holds it there */
	readonly steal: (thing: Stealable) => Promise<string>;
	/** `http://127.0.0.1:8080` */
	readonly observerUrl: () => Promise<string>;
	/** All that the services have logged since then, milliseconds since 1970. */
	readonly logs: (sinceMs: number) => Promise<string>;
}
