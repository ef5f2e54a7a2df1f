/**
 * Computes the new container of a service from `docker inspect`, with other variables. The labels of compose stay, with
 * the hash of the configuration, so `docker compose up` changes nothing. A label stores the original variables, for a
 * later process.
 */
import { PREFIX } from '../../../../lib/config.ts';
import { clockVariables, IMAGE_LIBRARY } from '../../../../scripts/mesh/shifted-clock.ts';
import type { Change } from '../../control/api.ts';
import type { ContainerPlan, Endpoint, Inspection } from './docker.ts';

const CHANGE_LABEL = 'kubejoin.lab.change';
const FIRST_ENV_LABEL = 'kubejoin.lab.first-env';

/** A service with invalid settings ends, as a process does, and does not wait as in docker-compose.yml. */
const exitOnInvalid = { INVALID_SETTINGS: 'exit' };

/** The environment variables of a change. */
export function variablesOf({ settings = {}, clock }: Change): Readonly<Record<string, string>> {
	const all: Readonly<Record<string, string>> =
		Object.keys(settings).length === 0 ? {} : { ...exitOnInvalid, ...settings };
	const variables = Object.fromEntries(Object.entries(all).map(([name, value]) => [PREFIX + name, value]));
	return clock === undefined ? variables : { ...variables, ...clockVariables(IMAGE_LIBRARY, clock) };
}

/** Replaces or adds variables in `NAME=value` lines. */
export function envWith(env: readonly string[], variables: Readonly<Record<string, string>>): string[] {
	const kept = env.filter((line) => !Object.hasOwn(variables, line.split('=')[0] ?? ''));
	return [...kept, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
}

const isEmpty = ({ settings = {}, clock }: Change): boolean =>
	clock === undefined && Object.keys(settings).length === 0;

/** @returns the change of a container; undefined when it is unchanged */
export function changeOf(labels: Readonly<Record<string, string>>): Change | undefined {
	const text = labels[CHANGE_LABEL];
	return text === undefined ? undefined : (JSON.parse(text) as Change);
}

/** The settings of a container by network, without addresses and without the alias that is derived from its ID. */
export function endpointsOf({
	Id,
	NetworkSettings,
}: Pick<Inspection, 'Id' | 'NetworkSettings'>): Readonly<Record<string, Endpoint>> {
	return Object.fromEntries(
		Object.entries(NetworkSettings.Networks).map(([network, found]) => {
			const { Aliases, Links, IPAMConfig, DriverOpts } = found;
			return [
				network,
				{
					Aliases: (Aliases ?? []).filter((alias) => !Id.startsWith(alias)),
					...(Links ? { Links } : {}),
					...(IPAMConfig ? { IPAMConfig } : {}),
					...(DriverOpts ? { DriverOpts } : {}),
				},
			];
		}),
	);
}

/** Anonymous volumes of the compose file; only the mounts contain their generated names. */
function anonymousVolumes({ Mounts, HostConfig }: Inspection): string[] {
	const bound = (HostConfig.Binds ?? []).map((bind) => bind.split(':')[1]);
	const mounted = (HostConfig.Mounts ?? []).flatMap(({ Source, Target }) => (Source ? [Target] : []));
	return Mounts.flatMap(({ Type, Name, Destination, RW }) =>
		Type !== 'volume' || Name === undefined || bound.includes(Destination) || mounted.includes(Destination)
			? []
			: [`${Name}:${Destination}:${RW ? 'rw' : 'ro'}`],
	);
}

export interface Recreation {
	/** The body of a create request; in one network, because older engines allow no more. */
	readonly container: ContainerPlan;
	/** Networks to connect before the start. */
	readonly further: readonly (readonly [network: string, endpoint: Endpoint])[];
}

/**
 * @param found   with or without an earlier change
 * @param image   the same image, by name or ID
 * @param change  the difference from the container of compose; empty to undo every change
 */
export function recreate(found: Inspection, image: string, change: Change): Recreation {
	const { HostConfig } = found;
	// The engine derives the host name from the ID; kept, it would become an alias of the new container.
	const { Hostname, ...Config } = found.Config;
	const hostname = found.Id.startsWith(Hostname) ? {} : { Hostname };
	const { [CHANGE_LABEL]: _change, [FIRST_ENV_LABEL]: storedEnv, ...labels } = Config.Labels;
	const firstEnv = storedEnv === undefined ? (Config.Env ?? []) : (JSON.parse(storedEnv) as string[]);
	const marks: Record<string, string> = isEmpty(change)
		? {}
		: { [CHANGE_LABEL]: JSON.stringify(change), [FIRST_ENV_LABEL]: JSON.stringify(firstEnv) };
	const endpoints = Object.entries(endpointsOf(found));
	const first = endpoints.find(([network]) => network === HostConfig.NetworkMode) ?? endpoints[0];
	// An anonymous volume is mounted again by its generated name.
	const nameless = anonymousVolumes(found);
	const mounts = (HostConfig.Mounts ?? []).filter(({ Type, Source }) => Type !== 'volume' || Source);
	return {
		container: {
			...Config,
			...hostname,
			Image: image,
			Env: envWith(firstEnv, variablesOf(change)),
			Labels: { ...labels, ...marks },
			HostConfig: {
				...HostConfig,
				Binds: [...(HostConfig.Binds ?? []), ...nameless],
				...(HostConfig.Mounts ? { Mounts: mounts } : {}),
			},
			...(first === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { [first[0]]: first[1] } } }),
		},
		further: endpoints.filter((endpoint) => endpoint !== first),
	};
}
