using System.Text;
using System.Text.Json;
using Cronos;
using Headgate.Jobs;
using Headgate.Queues;

namespace Headgate.App.Service;

/// <summary>A request, and when it is submitted. Immutable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Cron">Five fields, or six with seconds before them.</param>
/// <param name="Zone">The time zone of the expression.</param>
/// <param name="Request">What is submitted.</param>
/// <param name="IsPaused">Nothing is.</param>
internal sealed record JobSchedule(string Name, string Cron, TimeZoneInfo Zone, JobRequest Request, bool IsPaused)
{
    private static readonly JobRequestReader Requests = new(mayCall: true);

    private readonly CronExpression _expression = Parse(Cron);

    /// <summary>As it is kept.</summary>
    public string Text
    {
        get
        {
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes))
            {
                json.WriteStartObject();
                WriteMembers(json);
                json.WriteEndObject();
            }
            return Encoding.UTF8.GetString(bytes.ToArray());
        }
    }

    /// <summary>Reads what was kept.</summary>
    public static JobSchedule Read(string name, string text)
    {
        using var json = JsonDocument.Parse(text, RawJson.Around);
        var members = json.RootElement;
        return new JobSchedule(
            name, members.GetProperty("cron").GetString()!, TimeZoneInfo.FindSystemTimeZoneById(members.GetProperty("timezone").GetString()!),
            Requests.Read(Encoding.UTF8.GetBytes(members.GetProperty("request").GetRawText()), out var fault) ?? throw new JobStoreException($"schedule {name}: {fault!.Message}"),
            members.GetProperty("paused").GetBoolean());
    }

    /// <summary>The first time after another; null while it rests, or if there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset after) => IsPaused ? null : _expression.GetNextOccurrence(after, Zone);

    /// <summary>Whether a time of it comes at all: the 30th of February never does.</summary>
    public bool ComesAfter(DateTimeOffset now) => _expression.GetNextOccurrence(now, Zone) is not null;

    /// <summary>Writes <c>cron</c>, <c>timezone</c>, <c>paused</c> and <c>request</c>.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteString("cron", Cron);
        json.WriteString("timezone", Zone.Id);
        json.WriteBoolean("paused", IsPaused);
        json.WritePropertyName("request");
        JobRequestWriter.Write(json, Request);
    }

    /// <exception cref="FormatException">It is none.</exception>
    private static CronExpression Parse(string cron) => CronExpression.Parse(cron, cron.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
}
