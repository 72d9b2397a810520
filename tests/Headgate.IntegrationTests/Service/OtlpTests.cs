using System.Text;
using Headgate.App.Simulator;
using Headgate.IntegrationTests.Fixtures;
using Headgate.IntegrationTests.Runs;

namespace Headgate.IntegrationTests.Service;

/// <summary>What a collector gets of a service: spans that hang together, figures, and no secret.</summary>
public sealed class OtlpTests : IAsyncLifetime
{
    private const int Server = 2, Client = 3; // kinds of spans

    private readonly Cli _cli = new();
    private SimulatedApi _api = null!;
    private CollectorServer _collector = null!;

    public async ValueTask InitializeAsync()
    {
        _api = await SimulatedApi.StartAsync(new());
        _collector = await CollectorServer.StartAsync();
        _cli.Environment["OTEL_BSP_SCHEDULE_DELAY"] = _cli.Environment["OTEL_METRIC_EXPORT_INTERVAL"] = "200";
    }

    public async ValueTask DisposeAsync()
    {
        await _cli.DisposeAsync();
        await _collector.DisposeAsync();
        await _api.DisposeAsync();
    }

    [Fact]
    public async Task A_request_is_a_span_with_one_below_it_for_each_send_and_the_instruments_come_along()
    {
        _cli.Environment["SIM_KEY"] = "hunter2";
        _cli.Environment["COLLECTOR_KEY"] = "to the collector = only";
        _cli.Write("headgate.json", $$"""
            {
              "upstreams": { "sim": { "base": ["{{_api.Url}}"], "retries": 1, "retryDelay": "10ms", "keys": { "from": ["env:SIM_KEY"], "as": "?api_key={key}" } } },
              "otlp": { "endpoint": "{{_collector.Url}}", "headers": { "api-key": "env:COLLECTOR_KEY" } }
            }
            """);
        await using (var service = await ServiceProcess.StartAsync(_cli))
        {
            await service.WaitAsync(await service.SubmitAsync([Requests.Line("a", $"{_api.Url}/x?token=hunter2"), Requests.Line("b", $"{_api.Url}/status/503?token=hunter2")]));
            service.Process.Terminate();
            Assert.Equal(0, (await service.Process.EndAsync()).Code);
        }

        var spans = _collector.Spans();
        var requests = spans.Where(span => span.Span.Text(5) == "headgate.request").Select(span => span.Span).ToList();
        var sends = spans.Where(span => span.Source == "System.Net.Http").Select(span => span.Span).ToList();
        Assert.Equal(2, requests.Count);
        Assert.Equal(["1", "2"], requests.Select(span => span.Attributes(9)["headgate.attempts"]).Order());
        Assert.All(sends, send => Assert.Equal((ulong)Client, send.Number(6)));
        foreach (var request in requests)
            Assert.Equal(request.Attributes(9)["headgate.attempts"], $"{sends.Count(send => send.Hex(4) == request.Hex(2) && send.Hex(1) == request.Hex(1))}");
        Assert.Equal("headgate", _collector.Resource()["service.name"]);

        var metrics = _collector.Metrics().Where(metric => metric.Meter == "Headgate").Select(metric => metric.Metric).ToList();
        Assert.Superset(new HashSet<string> { "headgate.requests", "headgate.attempts", "headgate.permits", "headgate.wait.duration", "headgate.queue.length", "headgate.breaker.state" }, metrics.Select(metric => metric.Text(1)).ToHashSet());
        // Metric.sum 7, its points 1, their attributes 7 and value 6.
        var attempts = metrics.Last(metric => metric.Text(1) == "headgate.attempts").One(7).All(1).ToDictionary(point => point.Attributes(7)["headgate.outcome"], point => point.Number(6));
        Assert.Equal((1UL, 2UL), (attempts["ok"], attempts["server"]));

        Assert.All(_collector.Exports, export => Assert.Equal("to the collector = only", Uri.UnescapeDataString(export.Headers["api-key"].ToString())));
        Assert.All(_collector.Exports, export => Assert.DoesNotContain("hunter2", Encoding.Latin1.GetString(export.Body), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_call_through_the_gateway_goes_on_with_the_trace_of_its_caller_and_the_variables_do_for_the_file()
    {
        _cli.Environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = _collector.Url;
        _cli.Environment["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        _cli.Environment["OTEL_SERVICE_NAME"] = "gate-of-ours";
        var (trace, caller) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        await using var echo = new Loopback(EchoParentAsync);
        string answer;
        await using (var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim=http://127.0.0.1:{echo.Port}"))
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/up/sim/y?token=hunter2") { Headers = { { "traceparent", $"00-{trace}-{caller}-01" } } };
            using var response = await service.Client.SendAsync(request);
            answer = await response.Content.ReadAsStringAsync();
            service.Process.Terminate();
            await service.Process.EndAsync();
        }

        var spans = _collector.Spans().Select(span => span.Span).Where(span => span.Hex(1) == trace).ToList();
        var (call, send) = (Assert.Single(spans, span => span.Number(6) == Server), Assert.Single(spans, span => span.Number(6) == Client));
        var ours = Assert.Single(spans, span => span.Text(5) == "headgate.request");
        Assert.Equal((caller, call.Hex(2), ours.Hex(2)), (call.Hex(4), ours.Hex(4), send.Hex(4)));
        Assert.Equal($"00-{trace}-{send.Hex(2)}-01", answer);
        Assert.Equal("gate-of-ours", _collector.Resource()["service.name"]);
        Assert.All(_collector.Exports, export => Assert.DoesNotContain("hunter2", Encoding.Latin1.GetString(export.Body), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_collector_that_is_away_is_told_of_and_holds_up_nothing()
    {
        var nowhere = $"http://127.0.0.1:{Ports.Free()}";
        _cli.Write("headgate.json", $$"""{ "otlp": { "endpoint": "{{nowhere}}" } }""");
        await using var service = await ServiceProcess.StartAsync(_cli, "--up", $"sim={_api.Url}");
        await service.WaitAsync(await service.SubmitAsync([Requests.Line("a", $"{_api.Url}/x")]));

        await service.Process.Error.WaitForAsync("\"NotExported\"");

        service.Process.Terminate();
        Assert.Equal(0, (await service.Process.EndAsync(TimeSpan.FromSeconds(30))).Code);
    }

    [Theory]
    [InlineData(null, "API_KEY_OF_COLLECTOR is not set")]
    [InlineData("hunter2,\n", "is no value of a header")]
    public async Task A_header_that_cannot_be_used_is_told_before_anything_is_sent(string? value, string words)
    {
        _cli.Environment["API_KEY_OF_COLLECTOR"] = value;
        _cli.Write("headgate.json", $$"""{ "otlp": { "endpoint": "{{_collector.Url}}", "headers": { "api-key": "env:API_KEY_OF_COLLECTOR" } } }""");

        var result = await _cli.RunAsync("serve", "--listen", "127.0.0.1:0");

        Assert.Equal(3, result.Code);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", result.Error, StringComparison.Ordinal);
        Assert.Empty(_collector.Exports);
    }

    /// <summary>Answers with the <c>traceparent</c> it was sent.</summary>
    private static async Task EchoParentAsync(System.Net.Sockets.Socket socket, int number)
    {
        using (socket)
        {
            var buffer = new byte[16 * 1024];
            var text = "";
            while (!text.Contains("\r\n\r\n", StringComparison.Ordinal))
                text += Encoding.Latin1.GetString(buffer, 0, await socket.ReceiveAsync(buffer));
            var parent = string.Join('|', text.Split("\r\n").Where(line => line.StartsWith("traceparent:", StringComparison.OrdinalIgnoreCase)).Select(line => line["traceparent:".Length..].Trim()));
            await socket.SendAsync(Encoding.Latin1.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {parent.Length}\r\nConnection: close\r\n\r\n{parent}"));
        }
    }
}
