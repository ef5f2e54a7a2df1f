/**
 * A container made anew out of what `docker inspect` says of it, with other variables. Compose finds nothing to do afterwards: its labels stay, the hash
 * of the configuration with them. What the variables were at first goes into a label, so that it outlives the program that made the change. Pure.
 */
import type Dockerode from 'dockerode';
import { PREFIX } from '../../../../lib/config.ts';
import { clockVariables, IMAGE_LIBRARY } from '../../../../scripts/mesh/shifted-clock.ts';
import type { Change } from '../driver.ts';
import type { Inspection } from './docker.ts';

/** Says what a container, or another thing of Docker's, is to the lab. */
export const LAB_LABEL = 'kubejoin.lab';
const CHANGE_LABEL = 'kubejoin.lab.change';
const FIRST_ENV_LABEL = 'kubejoin.lab.first-env';

/** The variables that make up a change. */
export function variablesOf({ settings = {}, clock }: Change): Readonly<Record<string, string>> {
	const variables = Object.fromEntries(Object.entries(settings).map(([name, value]) => [PREFIX + name, value]));
	return clock === undefined ? variables : { ...variables, ...clockVariables(IMAGE_LIBRARY, clock) };
}

/** `NAME=value` lines with these in place of those of the same name. */
export function envWith(env: readonly string[], variables: Readonly<Record<string, string>>): string[] {
	const kept = env.filter((line) => !Object.hasOwn(variables, line.split('=')[0] ?? ''));
	return [...kept, ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];
}

const isEmpty = ({ settings = {}, clock }: Change): boolean =>
	clock === undefined && Object.keys(settings).length === 0;

/** What was changed of a container; undefined when it is as compose made it. */
export function changeOf(labels: Readonly<Record<string, string>>): Change | undefined {
	const text = labels[CHANGE_LABEL];
	return text === undefined ? undefined : (JSON.parse(text) as Change);
}

/** A network that a container is in, as it is told to the engine when the container is put there again. */
export type Endpoint = Pick<Dockerode.EndpointSettings, 'Aliases' | 'Links' | 'IPAMConfig' | 'DriverOpts'>;
type FoundEndpoint = { readonly [K in keyof Endpoint]?: Endpoint[K] | null };

/** Where a container can be reached, by network; without the addresses, and without the name that the engine made out of its ID. */
export function endpointsOf({
	Id,
	NetworkSettings,
}: Pick<Inspection, 'Id' | 'NetworkSettings'>): Readonly<Record<string, Endpoint>> {
	return Object.fromEntries(
		Object.entries(NetworkSettings.Networks).map(([network, found]) => {
			const { Aliases, Links, IPAMConfig, DriverOpts } = found as FoundEndpoint;
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

/** Volumes without a name of their own in the compose file: only what is mounted says which they are. */
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
	/** For the engine; in one network, for older engines allow no more. */
	readonly container: Omit<Dockerode.ContainerCreateOptions, 'name'>;
	/** Networks that it is connected to before it is started. */
	readonly further: readonly (readonly [network: string, endpoint: Endpoint])[];
}

/**
 * @param found   as it is now, with an earlier change or without
 * @param image   the same image, by name or ID
 * @param change  what differs from how compose made it; empty: nothing
 */
export function recreate(found: Inspection, image: string, change: Change): Recreation {
	const { HostConfig } = found;
	// A host name that the engine made out of the ID would be a name of the next container in its networks, too.
	const { Hostname, ...Config } = found.Config;
	const hostname = found.Id.startsWith(Hostname) ? {} : { Hostname };
	const { [CHANGE_LABEL]: _change, [FIRST_ENV_LABEL]: storedEnv, ...labels } = Config.Labels;
	const firstEnv = storedEnv === undefined ? (Config.Env ?? []) : (JSON.parse(storedEnv) as string[]);
	const marks = isEmpty(change)
		? {}
		: { [CHANGE_LABEL]: JSON.stringify(change), [FIRST_ENV_LABEL]: JSON.stringify(firstEnv) };
	const endpoints = Object.entries(endpointsOf(found));
	const first = endpoints.find(([network]) => network === HostConfig.NetworkMode) ?? endpoints[0];
	// A volume without a name is mounted by the name that it has got.
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
