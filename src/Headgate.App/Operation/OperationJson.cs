using System.Text.Json;
using Headgate.Configuration;

namespace Headgate.App.Operation;

/// <summary>What is looked at of a service that runs, as JSON. Nothing in it is a secret: keys are told by their names.</summary>
internal static class OperationJson
{
    public static void Write(Utf8JsonWriter json, PlaceView view)
    {
        json.WriteStartObject();
        json.WriteString("of", view.Place.Name);
        Write(json, "limits", view.Declared);
        if (view.Set is { } set)
        {
            json.WriteStartObject("set");
            json.WriteString("by", set.By);
            json.WriteString("at", set.At);
            Write(json, "was", set.Was);
            json.WriteEndObject();
        }
        else
            json.WriteNull("set");
        Write(json, "now", view.Now);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, ApiView view)
    {
        json.WriteStartObject();
        json.WriteString("upstream", view.Name);
        Write(json, "base", view.Bases);
        json.WriteBoolean("configured", view.IsConfigured);
        json.WriteString("state", view.State);
        Write(json, "until", view.Until);
        json.WriteString("paused_by", view.PausedBy);
        json.WriteNumber("waiting", view.Waiting);
        json.WriteNumber("in_flight", view.InFlight);
        if (view.Keys is { } keys)
        {
            json.WriteStartObject("keys");
            json.WriteNumber("usable", keys.Usable);
            json.WriteNumber("all", keys.All);
            json.WriteEndObject();
        }
        else
            json.WriteNull("keys");
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, KeyView view)
    {
        json.WriteStartObject();
        json.WriteString("upstream", view.Api);
        json.WriteString("key", view.Name);
        json.WriteString("state", view.State);
        Write(json, "until", view.Until);
        json.WriteString("reason", view.Reason);
        Write(json, "limits", view.Limits);
        json.WriteEndObject();
    }

    /// <summary>As <c>config show --json</c>.</summary>
    public static void Write(Utf8JsonWriter json, ConfigurationReading reading)
    {
        json.WriteStartObject();
        json.WriteString("file", reading.File);
        json.WriteStartArray("values");
        foreach (var value in ConfigurationListing.Of(reading.Root))
        {
            json.WriteStartObject();
            json.WriteString("path", value.Pointer);
            json.WritePropertyName("value");
            json.WriteRawValue(value.Json);
            json.WriteString("source", value.Origin.Source.ToString().ToLowerInvariant());
            json.WriteString("origin", value.Described);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, string name, IReadOnlyList<LimitView> limits)
    {
        json.WriteStartArray(name);
        foreach (var limit in limits)
        {
            json.WriteStartObject();
            json.WriteString("limit", limit.Limit.ToString());
            json.WriteBoolean("learned", limit.IsLearned);
            if (limit.Left is { } left)
                json.WriteNumber("left", left);
            else
                json.WriteNull("left");
            if (limit.Wait is { } wait)
                json.WriteNumber("wait", Math.Round(wait.TotalSeconds, 6));
            else
                json.WriteNull("wait");
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, DateTimeOffset? at)
    {
        if (at is { } moment)
            json.WriteString(name, moment);
        else
            json.WriteNull(name);
    }

    private static void Write(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}
