using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.Jobs;
using Headgate.Remote;

namespace Headgate.App.Remote;

/// <summary>A running service, as verbs ask it: once, and what goes wrong is a sentence and an exit code.</summary>
internal sealed class Server : IDisposable
{
    private readonly ServiceCalls _calls;

    /// <exception cref="ArgumentException">The address or the token is none.</exception>
    /// <exception cref="HeadgateException">The file of the token cannot be read.</exception>
    public Server(Uri address, HeadgateServiceClientOptions options) =>
        _calls = new ServiceCalls(ServiceAddress.Check(address), options, TimeProvider.System, new Random());

    /// <summary>A path of names, of which each may have slashes of its own.</summary>
    public static string PathOf(string start, params ReadOnlySpan<string> names)
    {
        var path = new StringBuilder(start);
        foreach (var name in names)
            path.Append('/').AppendJoin('/', name.Split('/').Select(Uri.EscapeDataString));
        return path.ToString();
    }

    /// <summary>The answer to a call, as JSON; undefined where it has none.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path and query, without a slash before it.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="body">What is sent along; null for nothing.</param>
    /// <exception cref="CommandException">The service refuses, or cannot be reached.</exception>
    public Task<JsonElement> CallAsync(HttpMethod method, string path, CancellationToken cancellation, JsonNode? body = null)
    {
        var call = new ServiceCall(method, path) { Body = body is null ? null : Encoding.UTF8.GetBytes(body.ToJsonString()), IsPatient = false };
        return SendAsync(call, async (answer, stop) => await answer.Content.ReadAsByteArrayAsync(stop) is { Length: > 0 } json ? JsonElement.Parse(json, RawJson.Around) : default, cancellation);
    }

    /// <summary>Looks at something.</summary>
    /// <inheritdoc cref="CallAsync"/>
    public Task<JsonElement> GetAsync(string path, CancellationToken cancellation) => CallAsync(HttpMethod.Get, path, cancellation);

    /// <summary>Hands on the members of an answer as they come, and the items of those that are arrays.</summary>
    /// <inheritdoc cref="CallAsync"/>
    /// <param name="take">Takes a part.</param>
    public Task ReadAsync(string path, Action<JsonPart> take, CancellationToken cancellation) =>
        SendAsync(new ServiceCall(HttpMethod.Get, path) { IsPatient = false }, async (answer, stop) =>
        {
            await foreach (var part in JsonParts.ReadAsync(await answer.Content.ReadAsStreamAsync(stop), stop))
                take(part);
            return true;
        }, cancellation);

    /// <summary>Hands on the events of a stream as they come, until whoever takes them has enough.</summary>
    /// <param name="path">The path and query, without a slash before it.</param>
    /// <param name="take">Takes one; says whether it wants more.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="CommandException">The service refuses, cannot be reached, or has ended the stream.</exception>
    public Task FollowAsync(string path, Func<ServerEvent, bool> take, CancellationToken cancellation) => ToldAsync(async () =>
    {
        var headers = new Dictionary<string, string> { ["Accept"] = "text/event-stream" };
        using var answer = await _calls.OpenAsync(new ServiceCall(HttpMethod.Get, path), headers, cancellation);
        var (events, buffer) = (new ServerEvents(), new byte[16 * 1024]);
        var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        while (await ReadAsync(stream, buffer, cancellation) is > 0 and var length)
            foreach (var told in events.Take(buffer.AsSpan(0, length)))
                if (!take(told))
                    return true;
        throw new CommandException(ExitCode.Unreachable, $"{_calls.Service} has ended the stream{(events.LastId is { } last ? $"; go on behind it with --after {last}" : "")}");
    });

    /// <summary>Reads of a stream; 0 at its end, and where it breaks off: the service is gone either way.</summary>
    private static async Task<int> ReadAsync(Stream stream, byte[] buffer, CancellationToken cancellation)
    {
        try
        {
            return await stream.ReadAsync(buffer, cancellation);
        }
        catch (Exception broken) when (broken is IOException or HttpRequestException)
        {
            return 0;
        }
    }

    /// <summary>What is told where an answer has not what it is asked for.</summary>
    public CommandException Stranger() => new(ExitCode.Unreachable, $"{_calls.Service} does not answer as a Headgate service; is the address right?");

    public void Dispose() => _calls.Dispose();

    private Task<T> SendAsync<T>(ServiceCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellation) =>
        ToldAsync(() => _calls.SendAsync(call, read, cancellation));

    /// <summary>Calls, and says what went wrong in words for people.</summary>
    private async Task<T> ToldAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (HeadgateException failure) when (failure.Refusal is { } refusal)
        {
            throw Told(refusal, failure);
        }
        catch (HeadgateException failure)
        {
            throw failure.FailureClass == FailureClass.Auth
                ? new CommandException(ExitCode.Configuration, failure.Message)
                : new CommandException(ExitCode.Unreachable, $"{failure.Message} (--server URL names another one)");
        }
    }

    private CommandException Told(ServiceRefusal refusal, HeadgateException failure) => refusal switch
    {
        { Status: 401 } => new CommandException(ExitCode.Configuration, $"{failure.Message}; give one that is known with --token-file FILE or {ServerOptions.TokenVariable} (where the service runs, headgate tokens add NAME --scope read,operate makes one)"),
        { Status: 403, IsOfService: true } => new CommandException(ExitCode.Configuration, $"not allowed: {refusal.Error}; give a token that may, with --token-file FILE (headgate tokens ls says what each may do)"),
        { Passes: true } or { IsOfProxy: true } or { Status: >= 500 } => new CommandException(ExitCode.Unreachable, failure.Message),
        { IsOfService: false } => Stranger(),
        _ => new CommandException(ExitCode.Configuration, refusal.Error) { IsOfOne = true },
    };
}
