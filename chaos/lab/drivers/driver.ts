/** The faults that an experiment can inject into services, for processes and for containers. */
import type { Change, LabApi, ServiceState } from '../control/api.ts';

/** The services that a fault can target. In containers also redis. */
export const targetServices = ['ca-service', 'token-store', 'apiserver-sim', 'controller-manager-sim'] as const;

/** Credentials of the mesh that an attacker can steal. */
export const stealable = ['ca-key', 'mesh-client', 'signing-client', 'admin'] as const;
export type Stealable = (typeof stealable)[number];

/** Every function throws a KubejoinError when the fault cannot be injected. */
export interface Driver {
	readonly kind: 'local' | 'compose';
	/** Operations where the nodes are. */
	readonly lab: LabApi;
	readonly services: () => Promise<readonly ServiceState[]>;
	/** SIGKILL; it stays down until `start`. */
	readonly kill: (service: string) => Promise<void>;
	/** Resolves when it is ready. */
	readonly start: (service: string) => Promise<void>;
	readonly pause: (service: string) => Promise<void>;
	readonly resume: (service: string) => Promise<void>;
	/** Restart it with these settings until `restore`; resolves when it is ready. */
	readonly change: (service: string, change: Change) => Promise<void>;
	/** No client can connect to it, although it runs. */
	readonly cut: (service: string) => Promise<void>;
	readonly heal: (service: string) => Promise<void>;
	/** Start, resume, reconnect and unchange every service, at any time. @returns a line for each repair */
	readonly restore: () => Promise<readonly string[]>;
	/** Whether an experiment could have left nodes behind. */
	readonly labExists: () => Promise<boolean>;
	/** Remove the processes and files of experiments, after `lab.resetNodes`. @returns a line for each removal */
	readonly removeLab: () => Promise<readonly string[]>;
	/** Copy credentials to where the attackers are. @returns their directory there */
	readonly steal: (thing: Stealable) => Promise<string>;
	/** `http://127.0.0.1:8080` */
	readonly observerUrl: () => Promise<string>;
	/** Everything that the services have logged since then. */
	readonly logs: (sinceMs: number) => Promise<string>;
}
