using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>A started <c>headgate serve</c>, and a client of it.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly CliProcess _process;

    private ServiceProcess(CliProcess process, string url)
    {
        _process = process;
        Client = new HttpClient { BaseAddress = new Uri(url), Timeout = TimeSpan.FromMinutes(2) };
    }

    public HttpClient Client { get; }

    public CliProcess Process => _process;

    /// <summary>Starts it in the directory of a <see cref="Cli"/>, on a free port, with its jobs in <c>data</c>.</summary>
    public static Task<ServiceProcess> StartAsync(Cli cli, params string[] options) => StartThroughAsync(cli, [], options);

    /// <summary>The same through another program: see <see cref="Cli.StartThrough"/>.</summary>
    public static async Task<ServiceProcess> StartThroughAsync(Cli cli, string[] program, params string[] options)
    {
        var process = cli.StartThrough(program, ["serve", "--listen", "127.0.0.1:0", .. options]);
        var url = await process.Output.WaitForAsync("\n");
        return new ServiceProcess(process, url.Split('\n')[0]);
    }

    /// <summary>Where its forward proxy listens.</summary>
    public async Task<Uri> ProxyAsync()
    {
        var lines = await _process.Output.WaitForAsync(text => text.Split('\n').SkipLast(1).Any(line => line.StartsWith("proxy ", StringComparison.Ordinal)), Cli.Patience);
        return new Uri(lines.Split('\n').First(line => line.StartsWith("proxy ", StringComparison.Ordinal))["proxy ".Length..]);
    }

    /// <summary>Submits requests; their ids.</summary>
    public async Task<List<string>> SubmitAsync(IEnumerable<string> requests)
    {
        using var answer = await Client.PostAsync("/api/v1/requests/bulk", Body($$"""{"requests":[{{string.Join(',', requests)}}]}"""));
        Assert.Equal(202, (int)answer.StatusCode);
        var json = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Empty(json.GetProperty("errors").EnumerateArray());
        return [.. json.GetProperty("request_ids").EnumerateArray().Select(id => id.GetString()!)];
    }

    /// <summary>Waits for jobs to end.</summary>
    public async Task<List<JsonElement>> WaitAsync(IEnumerable<string> ids, double timeout = 60)
    {
        using var answer = await Client.PostAsJsonAsync("/api/v1/requests/wait", new { request_ids = ids, timeout });
        Assert.Equal(200, (int)answer.StatusCode);
        return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("results").EnumerateArray()];
    }

    /// <summary>Calls, and gives the status and the JSON of the answer.</summary>
    public async Task<(int Status, JsonNode Json)> CallAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : Body(body) };
        using var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, JsonNode.Parse(text, documentOptions: new() { MaxDepth = 512 })!);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _process.DisposeAsync();
    }

    private static StringContent Body(string json) => new(json, System.Text.Encoding.UTF8, "application/json");
}
