using System.Text.Json;
using Headgate.App.CommandLine;
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

    /// <summary>The answer to a call, as JSON.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path and query, without a slash before it.</param>
    /// <param name="body">A body of JSON; null for none.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="CommandException">The service refuses, or cannot be reached.</exception>
    public Task<JsonDocument> CallAsync(HttpMethod method, string path, CancellationToken cancellation, ReadOnlyMemory<byte>? body = null) =>
        SendAsync(new ServiceCall(method, path) { Body = body, IsPatient = false }, async (answer, stop) => await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(stop), default, stop), cancellation);

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

    public void Dispose() => _calls.Dispose();

    private async Task<T> SendAsync<T>(ServiceCall call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            return await _calls.SendAsync(call, read, cancellation);
        }
        catch (HeadgateException failure)
        {
            throw new CommandException(CodeOf(failure), failure.Message + AdviceOn(failure));
        }
    }

    private static ExitCode CodeOf(HeadgateException failure) => (int?)failure.StatusCode switch
    {
        null when failure.FailureClass == FailureClass.Auth => ExitCode.Configuration,
        null or 502 or 503 or 504 => ExitCode.Unreachable,
        401 or 403 => ExitCode.Configuration,
        400 => ExitCode.Usage,
        _ => ExitCode.SomeFailed,
    };

    private static string AdviceOn(HeadgateException failure) => (int?)failure.StatusCode switch
    {
        401 => $"; give one with --token-file FILE or {ServerOptions.TokenVariable} (where the service runs, headgate tokens add NAME --scope read,operate makes one)",
        403 => "; give a token that may, with --token-file FILE (headgate tokens ls says what each may do)",
        _ => "",
    };
}
