// A round trip of the AWS SDK for Go through the embedded broker: topic, FIFO queue, attributes, tags, errors.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func expect(what string, got, want any) {
	if got != want {
		log.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func main() {
	ctx := context.Background()
	cfg := must(config.LoadDefaultConfig(ctx))
	queues, topics := sqs.NewFromConfig(cfg), sns.NewFromConfig(cfg)

	identity := must(sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}))
	expect("account", *identity.Account, "000000000000")

	queue := must(queues.CreateQueue(ctx, &sqs.CreateQueueInput{
		QueueName:  aws.String("go.fifo"),
		Attributes: map[string]string{"FifoQueue": "true", "Policy": `{"Statement":{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}}`},
		Tags:       map[string]string{"team": "go"},
	}))
	attributes := must(queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: queue.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	}))
	topic := must(topics.CreateTopic(ctx, &sns.CreateTopicInput{
		Name: aws.String("go.fifo"), Attributes: map[string]string{"FifoTopic": "true"},
	}))
	must(topics.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String(attributes.Attributes["QueueArn"]),
		Attributes: map[string]string{"RawMessageDelivery": "true", "FilterPolicy": `{"kind":["wanted"]}`},
	}))
	for index, kind := range []string{"wanted", "other", "wanted"} {
		must(topics.Publish(ctx, &sns.PublishInput{
			TopicArn: topic.TopicArn, Message: aws.String(fmt.Sprintf("<ü %d>", index)), MessageGroupId: aws.String("g"),
			MessageDeduplicationId: aws.String(fmt.Sprint(index)),
			MessageAttributes:      map[string]snstypes.MessageAttributeValue{"kind": {DataType: aws.String("String"), StringValue: aws.String(kind)}},
		}))
	}
	received := must(queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5, MessageAttributeNames: []string{"All"},
	}))
	expect("messages", len(received.Messages), 2)
	for index, message := range received.Messages {
		expect("body", *message.Body, fmt.Sprintf("<ü %d>", index*2))
		expect("attribute", *message.MessageAttributes["kind"].StringValue, "wanted")
		must(queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue.QueueUrl, ReceiptHandle: message.ReceiptHandle}))
	}
	_, err := queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")})
	var missing *types.QueueDoesNotExist
	expect("a queue that does not exist", errors.As(err, &missing), true)
	fmt.Println("the AWS SDK for Go did its round trip")
}
