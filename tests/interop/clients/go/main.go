// SPDX-License-Identifier: Apache-2.0

// franz-go against a running broker: create a topic, produce with every codec (idempotent, franz-go's default), read
// everything back as a consumer group, commit, and resume. Prints "ok NAME" or "FAIL NAME: why" per check.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var failed bool

func report(name string, err error) {
	if err != nil {
		failed = true
		fmt.Printf("FAIL %s: %v\n", name, err)
		return
	}
	fmt.Printf("ok %s\n", name)
}

func createTopic(ctx context.Context, cl *kgo.Client, topic string, parts int32) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, parts, 1
	req.Topics = append(req.Topics, t)
	req.TimeoutMillis = 10000
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.Topics[0].ErrorCode)
}

func produce(ctx context.Context, boot, topic string, codec kgo.CompressionCodec, from, n int) error {
	cl, err := kgo.NewClient(kgo.SeedBrokers(boot), kgo.DefaultProduceTopic(topic), kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	if err != nil {
		return err
	}
	defer cl.Close()
	var recs []*kgo.Record
	for i := from; i < from+n; i++ {
		recs = append(recs, &kgo.Record{Key: []byte(fmt.Sprintf("k%d", i)), Value: []byte(fmt.Sprintf("v%d", i)),
			Headers: []kgo.RecordHeader{{Key: "h", Value: []byte("x")}}})
	}
	return cl.ProduceSync(ctx, recs...).FirstErr()
}

func consume(ctx context.Context, boot, topic, group string, n int) (map[string]bool, error) {
	cl, err := kgo.NewClient(kgo.SeedBrokers(boot), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.DisableAutoCommit())
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	seen := map[string]bool{}
	for len(seen) < n {
		fs := cl.PollFetches(ctx)
		if errs := fs.Errors(); len(errs) > 0 {
			return seen, fmt.Errorf("%d of %d: %v", len(seen), n, errs[0].Err)
		}
		fs.EachRecord(func(r *kgo.Record) { seen[string(r.Value)] = true })
	}
	return seen, cl.CommitUncommittedOffsets(ctx)
}

func main() {
	boot := os.Getenv("BOOTSTRAP")
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	topic := fmt.Sprintf("go-%d", time.Now().UnixNano())
	cl, err := kgo.NewClient(kgo.SeedBrokers(boot))
	if err != nil {
		report("client", err)
		os.Exit(1)
	}
	defer cl.Close()
	report("ping", cl.Ping(ctx))
	report("create topic", createTopic(ctx, cl, topic, 3))
	codecs := []kgo.CompressionCodec{kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression()}
	names := []string{"none", "gzip", "snappy", "lz4", "zstd"}
	for i, c := range codecs {
		report("produce "+names[i], produce(ctx, boot, topic, c, i*100, 100))
	}
	seen, err := consume(ctx, boot, topic, topic+"-g", 500)
	if err == nil && len(seen) != 500 {
		err = fmt.Errorf("%d of 500", len(seen))
	}
	report("group reads all", err)
	report("produce more", produce(ctx, boot, topic, kgo.NoCompression(), 500, 50))
	seen, err = consume(ctx, boot, topic, topic+"-g", 50)
	if err == nil && !seen["v500"] {
		err = fmt.Errorf("did not resume at the committed offset")
	}
	report("group resumes", err)
	if failed {
		os.Exit(1)
	}
}
