/**
 * Disconnects the container of a service from its networks, and connects it again. The labels of a volume store the
 * networks and aliases, so that any later process can heal the service.
 */

import type { Container, Endpoint, Inspection } from './docker.ts';
import { isMissing } from './docker-connection.ts';
import { findService } from './find-service.ts';
import { type ComposeProject, LAB_LABEL } from './project.ts';
import { endpointsOf } from './recreate.ts';

const CUT_CONTAINER = 'kubejoin.lab.container';
const CUT_ENDPOINTS = 'kubejoin.lab.endpoints';

type Endpoints = Readonly<Record<string, Endpoint>>;

const volumeOf = (project: ComposeProject, service: string): string => `${project.name}_lab-cut-${service}`;

/** @returns its former networks; undefined when it is not cut, or when compose has recreated it since */
export async function cutEndpoints(
	project: ComposeProject,
	service: string,
	{ Id }: Inspection,
): Promise<Endpoints | undefined> {
	try {
		const labels = await project.docker.volumeLabels(volumeOf(project, service));
		return labels[CUT_CONTAINER] === Id ? (JSON.parse(labels[CUT_ENDPOINTS] ?? '{}') as Endpoints) : undefined;
	} catch (error) {
		if (isMissing(error)) return undefined;
		throw error;
	}
}

export async function cut(project: ComposeProject, service: string): Promise<void> {
	const { container, found } = await findService(project, service);
	if ((await cutEndpoints(project, service, found)) === undefined) {
		await forgetCut(project, service);
		await project.docker.createVolume(volumeOf(project, service), {
			[LAB_LABEL]: 'cut',
			[CUT_CONTAINER]: found.Id,
			[CUT_ENDPOINTS]: JSON.stringify(endpointsOf(found)),
		});
	}
	for (const network of Object.keys(found.NetworkSettings.Networks))
		await project.docker.disconnectNetwork(network, container);
}

/** @returns whether it was cut */
export async function heal(project: ComposeProject, service: string): Promise<boolean> {
	const { container, found } = await findService(project, service);
	const endpoints = await cutEndpoints(project, service, found);
	await connectMissing(project, container, found, endpoints ?? {});
	await forgetCut(project, service);
	return endpoints !== undefined;
}

async function connectMissing(
	{ docker }: ComposeProject,
	container: Container,
	{ NetworkSettings }: Inspection,
	endpoints: Endpoints,
): Promise<void> {
	for (const [network, endpoint] of Object.entries(endpoints))
		if (!(network in NetworkSettings.Networks)) await docker.connectNetwork(network, container, endpoint);
}

async function forgetCut(project: ComposeProject, service: string): Promise<void> {
	await project.docker.removeVolume(volumeOf(project, service)).catch((error: unknown) => {
		if (!isMissing(error)) throw error;
	});
}
