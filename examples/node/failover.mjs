// Fails the cluster over through the AWS API, as an operator's script does, and waits for the new writer.
import { DescribeDBClustersCommand, FailoverDBClusterCommand, RDSClient } from "@aws-sdk/client-rds";

const rds = new RDSClient(); // AWS_ENDPOINT_URL leads it to the local cluster
const cluster = { DBClusterIdentifier: process.env.RDSFAILOVER_CLUSTER };

async function writer() {
  const { DBClusters } = await rds.send(new DescribeDBClustersCommand(cluster));
  return DBClusters[0].DBClusterMembers.find((member) => member.IsClusterWriter).DBInstanceIdentifier;
}

const before = await writer();
await rds.send(new FailoverDBClusterCommand(cluster));
const deadline = Date.now() + 30_000;
while ((await writer()) === before && Date.now() < deadline) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
console.log(`${before} -> ${await writer()}`);
