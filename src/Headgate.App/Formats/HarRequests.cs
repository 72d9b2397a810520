using System.Runtime.CompilerServices;
using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>The requests of an HTTP archive, as browsers and proxies record them.</summary>
/// <param name="notes">Told what was passed over.</param>
internal sealed class HarRequests(Action<string> notes) : IRequestFormat
{
    public async IAsyncEnumerable<FoundRequest> ReadAsync(InputFile file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var entries = new JsonItems(file.Content, file.Name, ["log", "entries"]);
        var format = new HarEntryFormat();
        while (await entries.MoveNextAsync(cancellation))
            if (Read(format, entries, file.Name) is { } found)
                yield return found;
        if (!entries.WasFound)
            throw new InputException($"{file.Name} is no HTTP archive: it has no list log.entries");
        if (format.PassedOver > 0)
            notes($"passed over {(format.PassedOver == 1 ? "an entry that is no request" : $"{format.PassedOver} entries that are no requests")} of HTTP (data:, blob:, WebSocket)");
    }

    private static FoundRequest? Read(HarEntryFormat format, JsonItems entries, string file)
    {
        var entry = entries.Current.Span;
        if (format.Read(entry, out var fault) is { } request)
            return new FoundRequest(request, null);
        if (fault is null)
            return null;
        var place = entries.Place.After(entry[..Math.Clamp(fault.Offset, 0, entry.Length)]);
        return new FoundRequest(null, new LineError(file, place.Line, place.Column, fault.Message));
    }
}
