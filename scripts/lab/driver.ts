/** What the lab does to a mesh, wherever it runs. There are two drivers: of the mesh of `npm start`, and of the containers of `docker compose up`. */

/** The services that a fault can befall. In containers also redis. */
export const faultable = ['ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim'] as const;

export interface ServiceState {
	readonly name: string;
	readonly state: 'running' | 'paused' | 'stopped';
	/** Of the process that runs now, or ran last. */
	readonly startedAtMs: number;
	/** It runs with settings or a clock that `change` gave it. */
	readonly isChanged: boolean;
}

export interface Change {
	/** Without KUBEJOIN_. */
	readonly settings?: Readonly<Record<string, string>>;
	/** An offset as libfaketime reads it: "+600s", "-240s". */
	readonly clock?: string;
}

export interface Driver {
	readonly kind: 'local' | 'compose';
	readonly services: () => Promise<readonly ServiceState[]>;
	/** SIGKILL; it stays away until `start`. */
	readonly kill: (service: string) => Promise<void>;
	/** Resolves when it is ready. @throws SERVICE_FAILED */
	readonly start: (service: string) => Promise<void>;
	readonly pause: (service: string) => Promise<void>;
	readonly resume: (service: string) => Promise<void>;
	/** Start it again with these, in place of what an earlier change gave it, until `restore`. Resolves when it is ready. @throws SERVICE_FAILED */
	readonly change: (service: string, change: Change) => Promise<void>;
	/** It runs, and nobody reaches it. */
	readonly cut: (service: string) => Promise<void>;
	readonly heal: (service: string) => Promise<void>;
	/** All as at first: started, resumed, unchanged, connected. May be called at any time, also when all is well. @returns what had to be put right */
	readonly restore: () => Promise<readonly string[]>;
	/** Run a verb of the lab in the place where nodes are. */
	readonly inside: (args: readonly string[]) => Promise<{ code: number; stdout: string; stderr: string }>;
	/** Copy a secret of the mesh to where attackers are. @returns its path there */
	readonly steal: (thing: 'ca-key' | 'mesh-client' | 'admin') => Promise<string>;
	/** Address of the page. */
	readonly observerUrl: () => string;
	/** Everything that all services printed, for the leak scan. */
	readonly logs: () => Promise<string>;
}
