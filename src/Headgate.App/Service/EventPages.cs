using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Headgate.App.Recording;
using Headgate.App.Security;
using Headgate.Jobs;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Headgate.App.Service;

/// <summary>Events of jobs as they come, as server-sent events (WHATWG HTML §9.2): whoever comes back says what it saw last.</summary>
internal static class EventPages
{
    private const int Together = 256;

    /// <summary>What is quiet for longer is taken for dead by proxies in between.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(15);

    public static void Map(IEndpointRouteBuilder site, ServiceState state) => site.MapGet("/api/v1/events", context => StreamAsync(context, state));

    private static async Task StreamAsync(HttpContext context, ServiceState state)
    {
        var wanted = Wanted(context.Request.Query["events"]);
        var (tenant, ids) = (JobQuery.TenantOf(context), context.Request.Query["request_id"].ToHashSet());
        var after = LastSeen(context) ?? state.Events.Last;
        var response = context.Response;
        (response.StatusCode, response.ContentType, response.Headers.CacheControl) = (StatusCodes.Status200OK, "text/event-stream", "no-store");
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping);
        // Whoever listens is told at once that it does, and from where on: it may have to come back before the first event.
        await response.WriteAsync(string.Create(CultureInfo.InvariantCulture, $": events of jobs\nid: {after}\n\n"), end.Token);
        await response.Body.FlushAsync(end.Token);
        try
        {
            while (!end.IsCancellationRequested && state.Access.Knows(Caller.Of(context)))
            {
                var events = state.Events.After(after, Together, out var missed);
                await response.BodyWriter.WriteAsync(Text(state, events.Where(told => wanted.Contains(told.What) && (tenant is null || told.Tenant == tenant) && (ids.Count == 0 || ids.Contains(told.RequestId))), missed), end.Token);
                after = events.Count > 0 ? events[^1].Number : missed ? state.Events.Last : after;
                if (events.Count == 0)
                    await WaitAsync(response, state, after, end.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It went away, or the service stops: it comes back with the number of what it saw last.
        }
    }

    private static async Task WaitAsync(HttpResponse response, ServiceState state, long after, CancellationToken end)
    {
        try
        {
            await state.Events.MoreThan(after).WaitAsync(Quiet, state.Time, end);
        }
        catch (TimeoutException)
        {
            await response.WriteAsync(":\n\n", end);
        }
        await response.Body.FlushAsync(end);
    }

    private static ReadOnlyMemory<byte> Text(ServiceState state, IEnumerable<ToldEvent> events, bool missed)
    {
        var text = new ArrayBufferWriter<byte>();
        if (missed)
            text.Write("event: missed\ndata: {\"error\":\"events between are not known any more: ask for the jobs themselves\"}\n\n"u8);
        foreach (var told in events)
        {
            text.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {told.Number}\nevent: {JobEventNames.Of(told.What)}\ndata: ")));
            using (var json = new Utf8JsonWriter(text, ResultRecordWriter.Options))
                Write(json, told, ShownOf(state, told.Url));
            text.Write("\n\n"u8);
        }
        return text.WrittenMemory;
    }

    /// <summary>What is told of a URL: whoever watches events need not know what its caller shows to the API.</summary>
    private static string ShownOf(ServiceState state, string url) =>
        url.AsSpan().ContainsAny('?', '#') ? Redaction.Of(url, state.Engine.ConfigurationOf(new Uri(url)).Keys?.Template) : url;

    private static void Write(Utf8JsonWriter json, in ToldEvent told, string url)
    {
        json.WriteStartObject();
        json.WriteString("request_id", told.RequestId);
        json.WriteString("id", told.Id);
        json.WriteString("method", told.Method);
        json.WriteString("url", url);
        json.WriteString("status", WireNames.Of(told.Status));
        json.WriteNumber("attempts", told.Attempts);
        if (told.Class != FailureClass.None)
            json.WriteString("class", WireNames.Of(told.Class));
        json.WriteString("tenant", told.Tenant);
        json.WriteString("timestamp", told.At.UtcDateTime);
        json.WriteEndObject();
    }

    private static long? LastSeen(HttpContext context)
    {
        var text = context.Request.Headers["Last-Event-ID"].FirstOrDefault() ?? context.Request.Query["last_event_id"].FirstOrDefault();
        if (string.IsNullOrEmpty(text))
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
            : throw new Problem(StatusCodes.Status400BadRequest, "Last-Event-ID is the number of an event");
    }

    private static HashSet<JobEvent> Wanted(Microsoft.Extensions.Primitives.StringValues names)
    {
        var wanted = names.SelectMany(value => value!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Select(EventNamed).ToHashSet();
        return wanted.Count > 0 ? wanted : [.. Enum.GetValues<JobEvent>()];
    }

    private static JobEvent EventNamed(string name) => JobEventNames.TryRead(name, out var what) ? what
        : throw new Problem(StatusCodes.Status400BadRequest, $"events is a list of {string.Join(", ", JobEventNames.All)}");
}
