using System.Text.Json.Nodes;
using Headgate.App.OpenApi;
using Headgate.Jobs;
using Headgate.Tests.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace Headgate.Tests.OpenApi;

public sealed class OpenApiDocumentTests
{
    [Fact]
    public void Every_page_is_in_the_document_whether_it_is_described_or_not()
    {
        var document = OpenApiDocument.Create([Page("/health", "GET"), Page("/new/{thing}/{**rest}", "POST", "PUT"), Page("/any"), Page("{**path}")]);

        Assert.Equal(["/any", "/health", "/new/{thing}/{rest}"], document["paths"]!.AsObject().Select(path => path.Key));
        Assert.Equal(["parameters", "post", "put"], document["paths"]!["/new/{thing}/{rest}"]!.AsObject().Select(member => member.Key));
        Assert.Equal(["thing", "rest"], document["paths"]!["/new/{thing}/{rest}"]!["parameters"]!.AsArray().Select(parameter => (string)parameter!["name"]!));
        Assert.Equal(9, document["paths"]!["/any"]!.AsObject().Count);
        Assert.Equal("Others", (string?)document["paths"]!["/any"]!["get"]!["tags"]![0]);
        Assert.Equal("""[{},{"token":["read"]},{"header":["read"]}]""", document["paths"]!["/health"]!["get"]!["security"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"url":"http://a.example"}""", true)]
    [InlineData("""{"url":"HTTPS://a.example","id":null,"priority":5,"timeout":"5s","deadline":90,"tags":["a","b"],"params":{"q":[1,"x",true]}}""", true)]
    [InlineData("""{"url":"http://a.example","priority":9}""", false)]
    [InlineData("""{"url":"ftp://a.example"}""", false)]
    [InlineData("""{"id":"x"}""", false)]
    [InlineData("""{"url":"http://a.example","nonsense":1}""", false)]
    [InlineData("""{"url":"http://a.example","body_file":"/etc/passwd"}""", false)]
    [InlineData("""{"url":"http://a.example","retries":1001}""", false)]
    [InlineData("""{"url":"http://a.example","headers":{"X":1}}""", false)]
    [InlineData("""{"url":"http://a.example","country":"DEU"}""", false)]
    [InlineData("""{"url":"http://a.example","tags":"a,b"}""", false)]
    [InlineData("""{"url":"http://a.example","expect":{"statuses":[404]}}""", false)]
    [InlineData("""{"url":"http://a.example","callback":{"url":"https://b.example","on":["failed"]}}""", true)]
    public void The_schema_of_a_request_takes_what_the_service_takes(string json, bool isOne)
    {
        var document = OpenApiDocument.Create([]);

        Assert.Equal(isOne, new SchemaCheck(document).Passes(document["components"]!["schemas"]!["Request"]!, JsonNode.Parse(json)));
        Assert.Equal(isOne, new JobRequestReader(mayCall: true).Read(System.Text.Encoding.UTF8.GetBytes(json), out _) is not null);
    }

    [Fact]
    public void Every_field_of_a_request_but_one_is_in_its_schema() =>
        Assert.Equal(JobFieldNames.All.Except(["body_file"]), RequestSchema.Create()["properties"]!.AsObject().Select(field => field.Key));

    [Fact]
    public void A_job_that_was_run_fits_its_schema()
    {
        var document = OpenApiDocument.Create([]);
        var schema = document["components"]!["schemas"]!["Job"]!;
        const string Job = """{"request_id":"a","id":null,"line":null,"url":"http://h/","method":"GET","status":"failed","ok":false,"result":null,"latency":1,"attempts":1,"created_at":"2026-03-01T10:00:00Z","started_at":null,"completed_at":null,"last_error":null,"error":{"class":"network","detail":"x"},"wait":{"gate":0,"holding":null},"key":null,"proxy":null,"cache":null,"maybe_sent":false,"context":{},"tags":[]}""";

        Assert.True(new SchemaCheck(document).Passes(schema, JsonNode.Parse(Job)));
        Assert.False(new SchemaCheck(document).Passes(schema, JsonNode.Parse(Job.Replace("\"failed\"", "\"odd\"", StringComparison.Ordinal))));
        Assert.False(new SchemaCheck(document).Passes(schema, JsonNode.Parse(Job.Replace("\"attempts\"", "\"tries\"", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("a: string; b?: integer?; c: Job[]; d: map number; e: 'x'|'y'", """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":["integer","null"]},"c":{"type":"array","items":{"$ref":"#/components/schemas/Job"}},"d":{"type":"object","additionalProperties":{"type":"number"}},"e":{"type":"string","enum":["x","y"]}},"required":["a","c","d","e"],"additionalProperties":false}""")]
    [InlineData("a: Job?", """{"type":"object","properties":{"a":{"anyOf":[{"$ref":"#/components/schemas/Job"},{"type":"null"}]}},"required":["a"],"additionalProperties":false}""")]
    public void Schemas_are_written_in_short(string members, string expected) =>
        Assert.Equal(JsonNode.Parse(expected)!.ToJsonString(), ObjectSchema.Of(members).ToJsonString());

    private static RouteEndpoint Page(string pattern, params string[] methods) =>
        new(_ => Task.CompletedTask, RoutePatternFactory.Parse(pattern), 0, methods.Length == 0 ? [] : new EndpointMetadataCollection(new HttpMethodMetadata(methods)), null);
}
