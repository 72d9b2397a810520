using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.Security;

namespace Headgate.App.CommandLine;

/// <summary>A running service, for the verbs that ask it: its answers are JSON, and whatever else comes is told as the program tells what is wrong.</summary>
internal sealed class ServiceClient : IDisposable
{
    /// <summary>Where a service listens unless it was told otherwise.</summary>
    public const string Usual = "http://127.0.0.1:8015";

    private readonly HttpClient _client;
    private readonly Uri _server;
    private readonly bool _hasToken;

    /// <param name="server">Its address.</param>
    /// <param name="token">Who asks; null where no token is needed.</param>
    public ServiceClient(Uri server, string? token)
    {
        (_server, _hasToken) = (server, token is not null);
        _client = new HttpClient(new SocketsHttpHandler
        {
            // A proxy of the environment is meant for the way out of the machine.
            UseProxy = !server.IsLoopback,
            AllowAutoRedirect = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
        });
        _client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (token is not null)
            _client.DefaultRequestHeaders.Add(Credentials.Header, token);
    }

    /// <summary>A path of names, of which each may have slashes of its own.</summary>
    public static string Path(string start, params ReadOnlySpan<string> names)
    {
        var path = new StringBuilder(start);
        foreach (var name in names)
            path.Append('/').AppendJoin('/', name.Split('/').Select(Uri.EscapeDataString));
        return path.ToString();
    }

    /// <summary>Looks at something.</summary>
    /// <inheritdoc cref="SendAsync"/>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellation) => SendAsync(HttpMethod.Get, path, null, cancellation);

    /// <summary>Asks for something.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">From the root: <c>/api/v1/limits</c>.</param>
    /// <param name="body">What is sent along; null for nothing.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="CommandException">No service answers there, it does not accept the token, or it refuses what is asked for.</exception>
    public async Task<JsonElement> SendAsync(HttpMethod method, string path, JsonNode? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(_server, path));
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        try
        {
            using var answer = await _client.SendAsync(request, cancellation);
            var text = await answer.Content.ReadAsByteArrayAsync(cancellation);
            return answer.IsSuccessStatusCode ? Read(text) : throw Refused(answer.StatusCode, text);
        }
        catch (HttpRequestException failure)
        {
            throw new CommandException(ExitCode.Unreachable, $"{_server}: no service answers: {failure.Message.TrimEnd('.')}; start one with \"headgate serve\", or name another with --server URL");
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new CommandException(ExitCode.Unreachable, $"{_server}: it did not answer within {_client.Timeout.TotalSeconds:0} s");
        }
    }

    public void Dispose() => _client.Dispose();

    private JsonElement Read(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw Stranger();
        }
    }

    private CommandException Refused(HttpStatusCode status, byte[] text) => (status, ErrorIn(text)) switch
    {
        (HttpStatusCode.Unauthorized, _) => new CommandException(ExitCode.Configuration, _hasToken
            ? $"{_server}: it does not accept this token: it is none of its tokens, or has expired"
            : $"{_server}: it needs a token: name the file that has it with --token-file FILE (\"headgate tokens add NAME --scope operate\" makes one)"),
        (_, null) => Stranger(),
        (HttpStatusCode.Forbidden, var error) => new CommandException(ExitCode.Configuration, $"{_server}: not allowed: {error}"),
        ( >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests, var error) => new CommandException(ExitCode.Unreachable, $"{_server}: {error}"),
        (_, var error) => new CommandException(ExitCode.Configuration, error),
    };

    private CommandException Stranger() => new(ExitCode.Unreachable, $"{_server}: something answers there, but not as this service does; is the address right?");

    /// <summary>What the service says is wrong; null if it is not the service that speaks.</summary>
    private static string? ErrorIn(byte[] text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement is { ValueKind: JsonValueKind.Object } problem && problem.TryGetProperty("error", out var error) ? error.GetString() : null;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
