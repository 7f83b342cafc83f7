// Fails over the cluster that the environment leads to, and waits until another instance is the writer.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

const (
	within    = 60 * time.Second
	lookEvery = 200 * time.Millisecond
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	cluster := aws.String(os.Getenv("RDSFAILOVER_CLUSTER"))
	settings, err := config.LoadDefaultConfig(ctx) // reads AWS_ENDPOINT_URL and the like
	check(err)
	client := rds.NewFromConfig(settings)

	before := writer(ctx, client, cluster)
	_, err = client.FailoverDBCluster(ctx, &rds.FailoverDBClusterInput{DBClusterIdentifier: cluster})
	check(err)
	now := before
	for ; now == before; now = writer(ctx, client, cluster) {
		time.Sleep(lookEvery)
	}
	fmt.Printf("%s -> %s\n", before, now)
}

func writer(ctx context.Context, client *rds.Client, cluster *string) string {
	found, err := client.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: cluster})
	check(err)
	for _, member := range found.DBClusters[0].DBClusterMembers {
		if aws.ToBool(member.IsClusterWriter) {
			return aws.ToString(member.DBInstanceIdentifier)
		}
	}
	return ""
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
