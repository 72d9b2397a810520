using System.Globalization;
using System.Text.Json;
using Headgate.Configuration;
using Headgate.Queues;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Headgate.App.Service;

/// <summary>Named queues: how they stand, let them rest, and bound them. What is changed holds at the next start too.</summary>
internal static class QueuePages
{
    private const string Kind = "queue";

    private const int MostWorkers = 1_000_000;

    public static void Map(IEndpointRouteBuilder site, ServiceState state)
    {
        site.MapGet("/api/v1/queues", context => ShowAsync(context, state));
        site.MapPost("/api/v1/queues/{queue}:pause", context => ChangeAsync(context, state, known => known with { IsPaused = true }));
        site.MapPost("/api/v1/queues/{queue}:resume", context => ChangeAsync(context, state, known => known with { IsPaused = false }));
        site.MapPut("/api/v1/queues/{queue}", async context =>
        {
            var workers = (await CallBody.ReadAsync(context)).With("workers").Number("workers", 1, MostWorkers);
            await ChangeAsync(context, state, known => known with { Workers = workers });
        });
    }

    /// <summary>Takes over what was changed before this start.</summary>
    /// <exception cref="JobStoreException">It cannot be read.</exception>
    public static async Task RestoreAsync(ServiceState state)
    {
        foreach (var (name, text) in await state.Settings.ReadAsync(Kind))
        {
            using var json = JsonDocument.Parse(text);
            state.Queues.Set(name, new QueueState(json.RootElement.GetProperty("workers") is { ValueKind: JsonValueKind.Number } workers ? workers.GetInt32() : null, json.RootElement.GetProperty("paused").GetBoolean()));
        }
        foreach (var (name, queue) in state.Queues.All)
            Bound(state, name, queue);
    }

    private static async Task ChangeAsync(HttpContext context, ServiceState state, Func<QueueState, QueueState> change)
    {
        var name = (string)context.Request.RouteValues["queue"]!;
        if (!NamedQueue.IsName(name))
            throw new Problem(StatusCodes.Status400BadRequest, NamedQueue.Names);
        var changed = change(state.Queues.StateOf(name));
        await state.Settings.WriteAsync(Kind, name, string.Create(CultureInfo.InvariantCulture, $$"""{"workers":{{changed.Workers?.ToString(CultureInfo.InvariantCulture) ?? "null"}},"paused":{{(changed.IsPaused ? "true" : "false")}} }"""));
        state.Queues.Set(name, changed);
        Bound(state, name, changed);
        state.Audit.Write(context, "queue.change", name, ("workers", changed.Workers?.ToString(CultureInfo.InvariantCulture)), ("paused", changed.IsPaused ? "true" : "false"));
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json => Write(json, name, changed, LimitsOf(state, name), null));
    }

    private static async Task ShowAsync(HttpContext context, ServiceState state)
    {
        var queues = state.Queues.All.ToList();
        foreach (var name in (string[])[JobQueues.Default, Callbacks.QueueName])
            if (!queues.Exists(queue => queue.Name == name))
                queues.Add((name, state.Queues.StateOf(name)));
        var open = new List<long>();
        foreach (var (name, _) in queues)
            open.Add((await state.Jobs.CountAsync(new JobSearch { HasEnded = false, Queue = name })).Open);
        await Json.AnswerAsync(context, StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("queues");
            for (var at = 0; at < queues.Count; at++)
                Write(json, queues[at].Name, queues[at].State, LimitsOf(state, queues[at].Name), open[at]);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void Bound(ServiceState state, string name, QueueState queue) => state.Jobs.Bound(name, queue.Workers ?? int.MaxValue, queue.IsPaused);

    private static IEnumerable<string> LimitsOf(ServiceState state, string name) =>
        state.Engine.Configuration.Jobs.Queues.FirstOrDefault(queue => queue.Name == name)?.Limits.Select(limit => limit.ToString()) ?? [];

    private static void Write(Utf8JsonWriter json, string name, QueueState queue, IEnumerable<string> limits, long? open)
    {
        json.WriteStartObject();
        json.WriteString("queue", name);
        if (queue.Workers is { } workers)
            json.WriteNumber("workers", workers);
        else
            json.WriteNull("workers");
        json.WriteBoolean("paused", queue.IsPaused);
        json.WriteStartArray("limits");
        foreach (var limit in limits)
            json.WriteStringValue(limit);
        json.WriteEndArray();
        if (open is { } jobs)
            json.WriteNumber("open", jobs);
        json.WriteEndObject();
    }
}
