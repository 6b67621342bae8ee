import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import java.net.URI;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.sns.SnsClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;

/** Round trips of both AWS SDKs for Java through the embedded broker; the older one speaks the Query protocol to SQS. */
public class RoundTrip {
  static final String OPEN =
      "{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Resource\":\"*\"}}";

  static void expect(String what, Object got, Object want) {
    if (!want.equals(got)) throw new AssertionError(what + ": got " + got + ", want " + want);
  }

  public static void main(String[] args) {
    String endpoint = System.getenv("AWS_ENDPOINT_URL");
    newer(URI.create(endpoint));
    older(endpoint);
  }

  static void newer(URI endpoint) {
    var http = UrlConnectionHttpClient.create();
    try (var sqs = SqsClient.builder().endpointOverride(endpoint).httpClient(http).build();
        var sns = SnsClient.builder().endpointOverride(endpoint).httpClient(http).build()) {
      String url =
          sqs.createQueue(b -> b.queueName("java").attributes(Map.of(QueueAttributeName.POLICY, OPEN))).queueUrl();
      sqs.tagQueue(b -> b.queueUrl(url).tags(Map.of("team", "java")));
      expect("tags", sqs.listQueueTags(b -> b.queueUrl(url)).tags(), Map.of("team", "java"));
      String arn =
          sqs.getQueueAttributes(b -> b.queueUrl(url).attributeNames(QueueAttributeName.ALL))
              .attributes()
              .get(QueueAttributeName.QUEUE_ARN);
      String topic = sns.createTopic(b -> b.name("java")).topicArn();
      sns.subscribe(
          b -> b.topicArn(topic).protocol("sqs").endpoint(arn).attributes(Map.of("RawMessageDelivery", "true")));
      sns.publish(b -> b.topicArn(topic).message("<ü>"));
      var messages = sqs.receiveMessage(b -> b.queueUrl(url).waitTimeSeconds(5)).messages();
      expect("body", messages.get(0).body(), "<ü>");
      sqs.deleteMessage(b -> b.queueUrl(url).receiptHandle(messages.get(0).receiptHandle()));
      try {
        sqs.getQueueUrl(b -> b.queueName("none"));
        throw new AssertionError("a queue that does not exist was found");
      } catch (QueueDoesNotExistException expected) {
        System.out.println("the AWS SDK for Java 2 did its round trip");
      }
    }
  }

  static void older(String endpoint) {
    var sqs =
        AmazonSQSClientBuilder.standard()
            .withEndpointConfiguration(new EndpointConfiguration(endpoint, "us-east-1"))
            .withCredentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials("local", "local")))
            .build();
    String url = sqs.createQueue("older").getQueueUrl();
    sqs.tagQueue(url, Map.of("c", "d"));
    expect("tags", sqs.listQueueTags(url).getTags(), Map.of("c", "d"));
    sqs.setQueueAttributes(url, Map.of("VisibilityTimeout", "40"));
    expect(
        "attribute",
        sqs.getQueueAttributes(url, List.of("All")).getAttributes().get("VisibilityTimeout"),
        "40");
    sqs.sendMessage(url, "<ü>");
    var messages = sqs.receiveMessage(url).getMessages();
    expect("body", messages.get(0).getBody(), "<ü>");
    sqs.deleteMessage(url, messages.get(0).getReceiptHandle());
    try {
      sqs.getQueueUrl("none");
      throw new AssertionError("a queue that does not exist was found");
    } catch (com.amazonaws.services.sqs.model.QueueDoesNotExistException expected) {
      System.out.println("the AWS SDK for Java 1, over the Query protocol, did its round trip");
    }
    sqs.shutdown();
  }
}
