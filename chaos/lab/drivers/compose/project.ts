/** The compose project of a mesh, with the containers, networks and volumes that compose created for it. */
import { KubejoinError } from '../../../../lib/errors.ts';
import type { ContainerSummary, Docker } from './docker.ts';

export const PROJECT_LABEL = 'com.docker.compose.project';
export const SERVICE_LABEL = 'com.docker.compose.service';
/** `True` on a container of `docker compose run`. */
export const ONE_OFF_LABEL = 'com.docker.compose.oneoff';
/** On every container and volume that the lab creates. */
export const LAB_LABEL = 'kubejoin.lab';

const API_SERVER_PROGRAM = 'dist/bundle/services/apiserver-sim/main.js';

export interface ComposeProject {
	readonly docker: Docker;
	readonly name: string;
}

/** @param wanted  default: the only project that has an API server @throws MESH_NOT_FOUND, MESH_AMBIGUOUS */
export async function findProject(docker: Docker, wanted: string | undefined): Promise<ComposeProject> {
	const found = await docker.listContainers(`${SERVICE_LABEL}=apiserver-sim`);
	const servers = found.filter(({ Command }) => Command.includes(API_SERVER_PROGRAM));
	const projects = [...new Set(servers.map(({ Labels }) => Labels[PROJECT_LABEL] ?? ''))].sort();
	if (wanted !== undefined && wanted !== '') {
		if (!projects.includes(wanted)) throw new KubejoinError('MESH_NOT_FOUND', { project: wanted });
		return { docker, name: wanted };
	}
	const [name, another] = projects;
	if (name === undefined) throw new KubejoinError('MESH_NOT_FOUND', {});
	if (another !== undefined) throw new KubejoinError('MESH_AMBIGUOUS', { projects: projects.join(', ') });
	return { docker, name };
}

/** @param service  default: the containers of every service */
export const listProject = ({ docker, name }: ComposeProject, service?: string): Promise<readonly ContainerSummary[]> =>
	docker.listContainers(`${PROJECT_LABEL}=${name}`, ...(service === undefined ? [] : [`${SERVICE_LABEL}=${service}`]));

export const nameOf = ({ Id, Names }: ContainerSummary): string => Names[0]?.slice(1) ?? Id;

/** @returns `http://127.0.0.1:8080`; undefined when the port of the page is not published */
export async function pageUrl(project: ComposeProject): Promise<string | undefined> {
	const [observer] = await listProject(project, 'observer');
	if (observer === undefined) return undefined;
	const { HostConfig, NetworkSettings } = await project.docker.container(observer.Id, 'observer').inspect();
	const port =
		NetworkSettings.Ports?.['8080/tcp']?.[0]?.HostPort ?? HostConfig.PortBindings?.['8080/tcp']?.[0]?.HostPort;
	return port ? `http://127.0.0.1:${port}` : undefined;
}

/** @param network  as the compose file names it @throws MESH_NOT_FOUND */
export async function networkName({ docker, name }: ComposeProject, network: string): Promise<string> {
	const [found] = await docker.networkNames(`${PROJECT_LABEL}=${name}`, `com.docker.compose.network=${network}`);
	if (found === undefined) throw new KubejoinError('MESH_NOT_FOUND', { project: name });
	return found;
}

/** @param volume  as the compose file names it @throws MESH_NOT_FOUND */
export async function volumeName({ docker, name }: ComposeProject, volume: string): Promise<string> {
	const [found] = await docker.volumeNames(`${PROJECT_LABEL}=${name}`, `com.docker.compose.volume=${volume}`);
	if (found === undefined) throw new KubejoinError('MESH_NOT_FOUND', { project: name });
	return found;
}
