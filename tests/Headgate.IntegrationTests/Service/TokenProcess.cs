using System.Net;
using Headgate.IntegrationTests.Fixtures;

namespace Headgate.IntegrationTests.Service;

/// <summary>Tokens of a service that is tested.</summary>
internal static class TokenProcess
{
    /// <summary>Makes a token with <c>headgate tokens add</c>.</summary>
    public static async Task<string> AddTokenAsync(this Cli cli, string name, string scopes, params string[] options)
    {
        var result = await cli.RunAsync(["tokens", "add", name, "--scope", scopes, .. options]);
        Assert.True(result.Code == 0, $"{result}");
        return result.Output.Trim();
    }

    /// <summary>The status of a call with a token, or without.</summary>
    public static async Task<HttpStatusCode> StatusAsync(this ServiceProcess service, string method, string path, string? token, string? body = null)
    {
        using var answer = await service.SendAsync(method, path, token, body);
        return answer.StatusCode;
    }

    /// <summary>A call with a token, or without, and headers of its own.</summary>
    public static async Task<HttpResponseMessage> SendAsync(this ServiceProcess service, string method, string path, string? token, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        if (token is not null)
            request.Headers.Add("Headgate-Token", token);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return await service.Client.SendAsync(request);
    }

    /// <summary>Waits until a call with a token has a status: files are looked at once a second.</summary>
    public static async Task UntilStatusAsync(this ServiceProcess service, string? token, HttpStatusCode expected)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (await service.StatusAsync("GET", "/health", token) != expected)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Cli.Patience, $"it never became {expected}\n{service.Process.Error.Text}");
            await Task.Delay(100);
        }
    }
}
